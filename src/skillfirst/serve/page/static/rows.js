// Rows of cards: arrows that know where the row ends, here and in somebody else's page.
const NEAR = 8; // px that still count as an end

export function ends(strip) {
  const section = strip.closest(".carousel");
  const [back, forward] = section.querySelectorAll("[data-scroll]");
  if (!back) return;
  section.classList.toggle("still", strip.scrollWidth <= strip.clientWidth + NEAR);
  back.disabled = strip.scrollLeft < NEAR;
  forward.disabled = strip.scrollLeft + strip.clientWidth > strip.scrollWidth - NEAR;
}

export function watchRows(root) {
  for (const strip of root.querySelectorAll(".strip")) {
    strip.addEventListener("scroll", () => ends(strip), {passive: true});
    new ResizeObserver(() => ends(strip)).observe(strip);
  }
}

export function scrolled(arrow) {
  const strip = arrow.closest(".carousel").querySelector(".strip");
  strip.scrollBy({left: Number(arrow.dataset.scroll) * strip.clientWidth * 0.85, behavior: "smooth"});
}
