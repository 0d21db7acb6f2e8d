// What was seen: at least half of a card in view for a second, once a card and visit; sent in batches with sendBeacon.
// A card says how it stands with it: data-view="now" while it is looked at, "seen" once that was a second.
// Clocks of browsers are wrong: each event says how long ago it happened, the service knows what time it is.
const SECOND = 1000, SHARE = 0.5, EVERY = 5000, MOST = 50;

export function tracker(root, {member, base = "", token = null, arms = {}, channel = "home"}) {
  const waiting = [], timers = new Map(), seen = new Set();
  let due = null;

  function note(kind, card, more = {}) {
    waiting.push({
      at: performance.now(),
      event: {
        event_id: crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random()}`, kind, member_id: member,
        course_id: card.dataset.course, channel, context: card.dataset.context || null,
        carousel_rank: Number(card.dataset.rank) || 0, position: Number(card.dataset.position) || 1, arms, ...more,
      },
    });
    if (waiting.length >= MOST) send();
    else if (due === null) due = setTimeout(send, EVERY);
  }

  function send() {
    clearTimeout(due);
    due = null;
    if (!waiting.length) return;
    const now = performance.now();
    const events = waiting.splice(0).map(({at, event}) => ({...event, ago_ms: Math.round(now - at)}));
    const body = JSON.stringify(token ? {token, events} : {events});
    const url = `${base}/api/v1/events`;
    // text/plain: a beacon to another origin needs no question beforehand
    if (!(navigator.sendBeacon && navigator.sendBeacon(url, new Blob([body], {type: "text/plain"}))))
      fetch(url, {method: "POST", body, keepalive: true, headers: {"content-type": "text/plain"}}).catch(() => {});
  }

  const observer = new IntersectionObserver((entries) => {
    for (const {target, isIntersecting, intersectionRatio} of entries) {
      if (isIntersecting && intersectionRatio >= SHARE && document.visibilityState === "visible") {
        if (!timers.has(target) && !seen.has(target.dataset.course)) {
          target.dataset.view = "now";
          timers.set(target, setTimeout(() => {
            timers.delete(target);
            seen.add(target.dataset.course);
            observer.unobserve(target);
            target.dataset.view = "seen";
            note("impression", target);
          }, SECOND));
        }
      } else if (timers.has(target)) {
        clearTimeout(timers.get(target));
        timers.delete(target);
        delete target.dataset.view;
      }
    }
  }, {threshold: [0, SHARE]});

  function watch(part = root) {
    const own = part.matches && part.matches(".card[data-course]") ? [part] : [];
    for (const card of [...own, ...part.querySelectorAll(".card[data-course]")]) observer.observe(card);
  }

  root.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-open]");
    if (!link) return;
    note("click", link.closest(".card"));
    send();
  });
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && send());
  window.addEventListener("pagehide", send);
  watch();
  return {watch, send};
}
