// Puts the page, or one carousel, into somebody else's page:
//   <div data-skillfirst data-token="..." data-carousel="wanted" data-lang="de"></div>
//   <script type="module" src="https://learn.example/embed/skillfirst.js"></script>
// Everything lives in a shadow root, so neither page's styles touch the other's. The element speaks by events:
//   skillfirst:open {course_id, url}   a course was chosen; without preventDefault() a course with an address opens
//   skillfirst:token                   the token has expired; set data-token to a new one and it goes on
import {ends, scrolled, watchRows} from "../static/rows.js";
import {tracker} from "../static/track.js";

const base = new URL(import.meta.url).origin;

// a shadow root has no fonts of its own: the page's font is told to the document, under its own name
const FONT = `${base}/static/vendor/inter/inter-latin`;
for (const [file, unicodeRange] of [["", "U+0-FF, U+131, U+152-153, U+2000-206F, U+20AC"], ["-ext", "U+100-24F, U+1E00-1EFF"]])
  document.fonts.add(new FontFace("skillfirst Inter", `url(${FONT}${file}-wght-normal.woff2)`, {weight: "100 900", unicodeRange}));

class Place {
  constructor(host) {
    this.host = host;
    this.root = host.attachShadow({mode: "open"});
    this.load();
    new MutationObserver(() => this.load()).observe(host, {attributeFilter: ["data-token", "data-carousel", "data-lang"]});
  }

  async ask(path, method = "GET") {
    const headers = {authorization: `Bearer ${this.host.dataset.token || ""}`};
    const answer = await fetch(base + path, {method, headers, credentials: "omit"});
    if (answer.status === 401) this.say("skillfirst:token");
    if (!answer.ok) throw new Error(`skillfirst: ${answer.status}`);
    return answer.text();
  }

  say(name, detail = {}) {
    return this.host.dispatchEvent(new CustomEvent(name, {bubbles: true, composed: true, cancelable: true, detail}));
  }

  // our own markup, made by our own service, escaped there; scripts in it would not run
  made(html) {
    const part = document.createElement("template");
    part.innerHTML = html;
    for (const image of part.content.querySelectorAll('img[src^="/"]')) image.src = base + image.getAttribute("src");
    return part.content;
  }

  async load() {
    const query = new URLSearchParams({embedded: "1"});
    if (this.host.dataset.carousel) query.set("carousel", this.host.dataset.carousel);
    if (this.host.dataset.lang) query.set("lang", this.host.dataset.lang);
    let content;
    try {
      content = this.made(await this.ask(`/embed/fragment?${query}`));
    } catch (error) {
      this.host.dataset.state = "failed";
      return;
    }
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = `${base}/static/page.css`;
    this.root.replaceChildren(style, content);
    const frame = this.root.querySelector(".skillfirst");
    if (!this.listens) this.root.addEventListener("click", (event) => this.clicked(event));
    this.listens = true;
    this.track = tracker(frame, {
      member: frame.dataset.member, base, token: this.host.dataset.token, arms: JSON.parse(frame.dataset.arms || "{}"),
    });
    watchRows(frame);
    this.host.dataset.state = "ready";
  }

  async clicked(event) {
    const arrow = event.target.closest("[data-scroll]");
    if (arrow) {
      scrolled(arrow);
      return;
    }
    const link = event.target.closest("a[data-open]");
    if (link) {
      const address = link.getAttribute("href");
      const url = address.startsWith("#") ? null : address;
      if (!this.say("skillfirst:open", {course_id: link.closest(".card").dataset.course, url}) || !url) event.preventDefault();
      return;
    }
    const button = event.target.closest("[hx-get], [hx-post]");
    if (!button) return;
    const post = button.getAttribute("hx-post");
    const html = await this.ask(post || button.getAttribute("hx-get"), post ? "POST" : "GET");
    const target = button.getAttribute("hx-target") || "";
    if (target === "#dialog") {
      const dialog = this.root.querySelector("dialog");
      dialog.replaceChildren(this.made(html));
      dialog.showModal();
      return;
    }
    const place = target.startsWith("closest ") ? button.closest(target.slice(8)) : button;
    const made = this.made(html), strip = place.parentElement, first = made.firstElementChild;
    const inside = place.contains(this.root.activeElement);
    place.replaceWith(made);
    this.track.watch(strip);
    if (strip.matches(".strip")) ends(strip);
    if (inside && first) (first.matches("button") ? first : first.querySelector("[autofocus], a[data-open], button"))?.focus();
  }
}

for (const host of document.querySelectorAll("[data-skillfirst]")) new Place(host);
