// The page's own behaviour; everything else is done by the server and htmx.
import {ends, scrolled, watchRows} from "./rows.js";
import {tracker} from "./track.js";

const main = document.querySelector("main[data-channel]");
const headers = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
const token = (headers.Authorization || "").replace(/^Bearer /, "") || null;
const track = main && tracker(main, {
  member: document.body.dataset.member, token, arms: JSON.parse(main.dataset.arms || "{}"), channel: main.dataset.channel,
});

// --- rows: arrows, arrow keys, ends
watchRows(document);
document.addEventListener("click", (event) => {
  const arrow = event.target.closest("[data-scroll]");
  if (arrow) scrolled(arrow);
  for (const menu of document.querySelectorAll("details.menu[open]"))
    if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
  if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
  const card = event.target.closest && event.target.closest(".strip > li");
  if (!card || event.target.matches("input")) return;
  const next = event.key === "ArrowRight" ? card.nextElementSibling : card.previousElementSibling;
  const goal = next && next.querySelector("a[data-open], button");
  if (goal) {
    event.preventDefault();
    goal.focus();
  }
});

// --- answers that came in; whoever came by keyboard stays where it was, though what it was on is replaced
const dialog = document.getElementById("dialog");
let kept = null, emptied = null, unsure = false;
function goalsOf(active) {
  const skill = active.closest("#skills li[data-skill]");
  if (!skill) return active.closest("form.add") ? ["#add-skill"] : [];
  const beside = [skill.nextElementSibling, skill.previousElementSibling, skill].filter(Boolean);
  return beside.map((li) => `#skills li[data-skill="${CSS.escape(li.dataset.skill)}"] button`);
}
document.body.addEventListener("htmx:beforeSwap", (event) => {
  unsure = Boolean(document.querySelector("#unsure[open]"));
  const {target} = event.detail, active = document.activeElement;
  const inside = target && target !== dialog && active !== document.body && target.contains(active);
  kept = inside ? goalsOf(active) : null;
  emptied = inside && !event.detail.serverResponse.trim() ? active.closest(".strip") : null;
});
document.body.addEventListener("htmx:afterRequest", () => {
  // nothing came: back to the last card of the row
  const last = emptied && [...emptied.querySelectorAll("a[data-open]")].pop();
  emptied = null;
  if (last) last.focus();
});
function keepFocus(part) {
  if (kept === null || document.activeElement !== document.body) return;
  const goals = [...kept.map((selector) => document.querySelector(selector)),
    part.matches("button") ? part : part.querySelector("[autofocus], a[data-open], button")];
  const goal = goals.find(Boolean);
  if (!goal) return;
  kept = null;
  goal.focus();
}
document.body.addEventListener("htmx:afterSwap", (event) => {
  const {target} = event.detail;
  if (target === dialog && !dialog.open) dialog.showModal();
  const folded = unsure && document.getElementById("unsure");
  if (folded) folded.open = true;  // whoever takes out one guess may go on to the next
});
document.body.addEventListener("htmx:load", (event) => {
  const part = event.detail.elt;
  if (track && main.contains(part)) track.watch(part);
  const strip = part.closest && part.closest(".strip");
  if (strip) ends(strip);
  keepFocus(part);
});
document.body.addEventListener("htmx:beforeSwap", (event) => {
  // a refusal is said, not swallowed
  if (event.detail.xhr.status >= 400) {
    const status = document.getElementById("status");
    if (status) status.textContent = event.detail.xhr.statusText || String(event.detail.xhr.status);
  }
});
if (dialog) dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

// --- in a frame: the platform around it opens the course, unless the course has an address of its own
if (document.body.classList.contains("embedded") && document.referrer) {
  const platform = new URL(document.referrer).origin;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-open]");
    if (!link || !link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    parent.postMessage({type: "skillfirst:open", course_id: link.closest(".card").dataset.course}, platform);
  });
}

// --- the questionnaire: every pick and every letter asks anew; only the newest question counts
const picker = document.getElementById("picker");
if (picker) {
  const live = document.getElementById("live");
  let asked = new AbortController(), due = null;
  const ask = async () => {
    asked.abort();
    asked = new AbortController();
    const url = new URL(picker.dataset.live, location.href);
    for (const [name, value] of new FormData(picker)) if (name !== "form_token") url.searchParams.append(name, value);
    try {
      const answer = await fetch(url, {headers: {...headers, "HX-Request": "true"}, signal: asked.signal});
      if (!answer.ok) return;
      const html = await answer.text(), focused = document.activeElement && document.activeElement.id;
      live.innerHTML = html;
      const again = focused && live.querySelector(`[id="${CSS.escape(focused)}"]`);
      if (again) again.focus();
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  };
  picker.addEventListener("change", (event) => event.target.name === "pick" && (clearTimeout(due), ask()));
  picker.addEventListener("input", (event) => {
    if (event.target.type !== "search") return;
    clearTimeout(due);
    due = setTimeout(ask, 150);
  });
}

// --- light or dark
const theme = document.getElementById("theme");
if (theme) theme.addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `skillfirst_theme=${root.dataset.theme};path=/;max-age=31536000;samesite=lax`;
});

// --- demo: the panel is folded where it would push the page away; the night takes a moment
const fold = document.querySelector(".side-fold");
if (fold && matchMedia("(max-width: 1080px)").matches) fold.open = false;
for (const form of document.querySelectorAll("form[data-running]"))
  form.addEventListener("submit", () => {
    const button = form.querySelector("button");
    button.disabled = true;
    button.textContent = form.dataset.running;
  });
