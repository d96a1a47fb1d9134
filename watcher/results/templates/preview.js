"use strict";
// Runs in the head: language and colours stand before anything is drawn. What it remembers, some browsers forbid to files: then it forgets.
const root = document.documentElement;
const remembered = (name) => { try { return localStorage.getItem("preview." + name); } catch { return null; } };
const remember = (name, value) => { try { localStorage.setItem("preview." + name, value); } catch { /* until the page is closed */ } };
const spoken = (navigator.languages || [navigator.language]).map((tag) => tag.slice(0, 2)).find((tag) => tag === "ru" || tag === "en");
root.lang = remembered("language") || spoken || "en";
if (remembered("theme")) root.dataset.theme = remembered("theme");

const $ = (id) => document.getElementById(id);

/* Pictures that cannot be loaded: the boxes stay, and one notice says why. */
const signed = /[?&](X-Amz-Signature|Signature|sig)=/i.test(location.search);
const lose = (image) => {
  const picture = image.closest(".picture");
  (picture || image).classList.add("lost");
  $(signed ? "unreachable" : "incomplete").hidden = false;
};
const lost = [];
let onLost = (image) => lost.push(image); // until the notices are there
document.addEventListener("error", (event) => { if (event.target.tagName === "IMG") onLost(event.target); }, true);

document.addEventListener("DOMContentLoaded", () => {
  onLost = lose;
  lost.forEach(lose);
  $("links").hidden = signed;
  $("bar").hidden = false;
  const sections = [...document.querySelectorAll("section")];
  const typing = (element) => element.closest("input, textarea");

  /* Language and colours */
  const speak = () => { $("query").placeholder = $("query").dataset[root.lang]; };
  $("language").addEventListener("click", () => { root.lang = root.lang === "ru" ? "en" : "ru"; remember("language", root.lang); speak(); });
  speak();
  $("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    remember("theme", root.dataset.theme);
  });
  $("help").addEventListener("click", () => $("keys").showModal());
  $("close").addEventListener("click", () => $("keys").close());

  /* Pages to look at, neighbours as one link */
  for (const line of document.querySelectorAll("#remarks [data-status]")) {
    const at = sections.flatMap((section, index) => (section.classList.contains(line.dataset.status) ? [index] : []));
    for (let first = 0, last; first < at.length; first = last) {
      for (last = first + 1; last < at.length && at[last] === at[last - 1] + 1; last++);
      const link = document.createElement("a");
      line.append(" ", link);
      link.href = "#" + sections[at[first]].id;
      const [from, to] = [at[first], at[last - 1]].map((index) => sections[index].id.slice("page-".length));
      link.textContent = from === to ? from : `${from}–${to}`;
    }
    if (at.length) line.hidden = $("remarks").hidden = false;
  }

  /* Pages far from the screen have heights that are guessed: what was scrolled to moves once its neighbours are laid out */
  let settling = 0, settled = 0; // the last move begun, and the last one ended
  const settle = (move) => { // scrolls, and returns where that led
    const mine = ++settling;
    let before = NaN, tries = 10;
    const again = () => {
      if (mine !== settling) return;
      const place = Math.round(move());
      if (place === before || !tries--) { settled = mine; return; }
      before = place;
      requestAnimationFrame(() => requestAnimationFrame(again));
    };
    again();
  };
  const bring = (element, block) => settle(() => {
    element.scrollIntoView({ block });
    return element.getBoundingClientRect().top;
  });

  /* Pages */
  let current = 0;
  const near = new Set(); // pages on the screen or close to it
  const show = (index) => {
    current = index;
    if (document.activeElement !== $("page")) $("page").value = index + 1;
    $("previous").disabled = index <= 0;
    $("next").disabled = index >= sections.length - 1;
  };
  const indexes = new Map(sections.map((section, index) => [section, index]));
  const neighbours = new IntersectionObserver((entries) => {
    for (const entry of entries) entry.isIntersecting ? near.add(entry.target) : near.delete(entry.target);
    locate();
    paint();
  }, { rootMargin: "50% 0px" });
  for (const section of sections) neighbours.observe(section);
  let asked = null; // the last pages may be too short to reach the top
  let going = 0; // the move to the page that was asked for: until it ends, that page is the one shown
  const locate = () => {
    if (going === settling && settled !== going) return;
    const line = $("bar").offsetHeight + 24;
    const above = [...near].filter((section) => section.getBoundingClientRect().top <= line).map((section) => indexes.get(section));
    const end = scrollY + innerHeight >= root.scrollHeight - 2 && scrollY > 0;
    if (end && asked !== null && near.has(sections[asked])) return;
    asked = null;
    show(end ? sections.length - 1 : Math.max(0, ...above));
  };
  let located = 0;
  addEventListener("scroll", () => { located ||= requestAnimationFrame(() => { located = 0; locate(); }); }, { passive: true });
  new IntersectionObserver(([entry]) => $("name").classList.toggle("quiet", entry.isIntersecting)).observe(document.querySelector("h1"));
  const go = (index) => {
    const at = Math.min(Math.max(index, 0), sections.length - 1);
    if (at < 0) return;
    asked = at;
    bring(sections[at], "start");
    going = settling;
    show(at);
  };
  $("previous").addEventListener("click", () => go(current - 1));
  $("next").addEventListener("click", () => go(current + 1));
  for (const event of ["focus", "click"]) $("page").addEventListener(event, () => $("page").select());
  $("page").addEventListener("change", () => {
    const number = parseInt($("page").value, 10);
    if (Number.isNaN(number)) $("page").value = current + 1; else { $("page").blur(); go(number - 1); }
  });
  show(0);

  /* A box and its text: `b1-2` and `t1-2` */
  const key = (element) => {
    const link = element.closest(".picture a");
    return (link ? link.firstElementChild : element.closest("article"))?.id.slice(1);
  };
  const parts = (block) => [$("b" + block), $("t" + block)].filter(Boolean);
  const light = (block, on) => { for (const part of parts(block)) part.classList.toggle("lit", on); };
  let pinned = null, over = null;
  const pin = (block) => {
    if (pinned && pinned !== block) light(pinned, false);
    pinned = block || null;
    if (pinned) light(pinned, true);
  };
  const reveal = (id) => bring($(id), id[0] === "b" ? "center" : "nearest");
  const hover = (block) => {
    if (over && over !== pinned) light(over, false);
    over = block || null;
    if (over) light(over, true);
  };
  document.addEventListener("pointerover", (event) => { if (event.pointerType === "mouse") hover(key(event.target)); });
  document.addEventListener("focusin", (event) => {
    const block = key(event.target);
    if (block && event.target.matches(":focus-visible")) pin(block);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#bar, dialog")) return;
    const link = event.target.closest("a");
    const target = link && (link.getAttribute("href") || "");
    if (/^#[bt]\d/.test(target || "")) {
      event.preventDefault(); // the browser would move a text to the top though it is on the screen
      pin(target.slice(2));
      reveal(target.slice(1));
      if (target[1] === "t") $(target.slice(1)).querySelector(".label a")?.focus({ preventScroll: true });
      else $(target.slice(1)).closest("a").focus({ preventScroll: true });
    } else if (/^#page-\d/.test(target || "")) {
      event.preventDefault();
      history.replaceState(null, "", target);
      go(indexes.get($(target.slice(1))));
    } else if (!link && getSelection().isCollapsed) {
      pin(key(event.target));
    }
  });
  const fromAddress = () => {
    const target = location.hash && $(location.hash.slice(1));
    if (!target) return;
    if (indexes.has(target)) go(indexes.get(target));
    else if (key(target)) { pin(key(target)); reveal(target.id); }
  };
  addEventListener("hashchange", fromAddress);
  fromAddress();
  const step = (by) => {
    const texts = [...document.querySelectorAll("article")];
    const from = pinned ? texts.indexOf($("t" + pinned)) : texts.indexOf(sections[current]?.querySelector("article")) - (by > 0 ? 1 : 0);
    const next = texts[from + by];
    if (!next) return;
    pin(next.id.slice(1));
    bring(next, "nearest");
  };

  /* Search: folded text of every block, made at the first search; marks are painted on the pages close by, so that long documents stay quick */
  const most = 20000;
  const fold = (text) => text.replace(/İ/g, "i").toLowerCase().replace(/ё/g, "е").replace(/\s/g, " ");
  const apart = "p, li, td, th, h3, h4, h5, h6, pre, .body";
  let index = null, matches = [], at = -1, waiting = 0;
  const pieces = function* (body) { // text nodes, and null between cells and paragraphs
    const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
    for (let node, before = null; (node = walker.nextNode());) {
      const place = node.parentElement.closest(apart);
      if (before && place !== before) yield null;
      before = place;
      yield node;
    }
  };
  const texts = () => index ||= [...document.querySelectorAll(".body")].map((body) => {
    const text = [];
    for (const piece of pieces(body)) text.push(piece ? fold(piece.data) : "\u0000");
    return { body, text: text.join("") };
  });
  const range = ({ body, start, end }) => {
    const found = document.createRange();
    let offset = 0, open = false;
    for (const piece of pieces(body)) {
      const length = piece ? piece.data.length : 1;
      if (piece && !open && start < offset + length) { found.setStart(piece, start - offset); open = true; }
      if (piece && open && end <= offset + length) { found.setEnd(piece, end - offset); return found; }
      offset += length;
    }
    return found;
  };
  function paint() {
    if (!window.Highlight) return;
    const marks = new Highlight();
    for (const match of matches) if (near.has(match.page)) marks.add(range(match));
    CSS.highlights.set("match", marks);
    CSS.highlights.set("current", matches[at] ? new Highlight(range(matches[at])) : new Highlight());
    CSS.highlights.get("current").priority = 1;
  }
  const tell = () => {
    const many = matches.length >= most ? most + "+" : matches.length;
    $("count").textContent = $("query").value.trim() ? `${at + 1} / ${many}` : "";
    $("count").classList.toggle("none", Boolean($("query").value.trim()) && !matches.length);
    $("earlier").disabled = $("later").disabled = !matches.length;
  };
  const jump = (to) => {
    if (!matches.length) return;
    at = (to + matches.length) % matches.length;
    const article = matches[at].body.closest("article");
    pin(article.id.slice(1));
    const found = range(matches[at]);
    settle(() => {
      article.scrollIntoView({ block: "nearest" }); // lays out its page, so that the match has a place
      found.startContainer.parentElement.closest("td, th, code, math")?.scrollIntoView({ block: "nearest", inline: "nearest" });
      const place = found.getBoundingClientRect();
      if (place.top < $("bar").offsetHeight || place.bottom > innerHeight) scrollBy(0, place.top - innerHeight / 3);
      return found.getBoundingClientRect().top;
    });
    paint();
    tell();
  };
  const search = () => {
    clearTimeout(waiting);
    waiting = 0;
    matches = [];
    at = -1;
    const wanted = fold($("query").value.trim());
    if (wanted) {
      for (const { body, text } of texts()) {
        const page = body.closest("section");
        for (let start = text.indexOf(wanted); start >= 0 && matches.length < most; start = text.indexOf(wanted, start + wanted.length)) {
          matches.push({ body, page, start, end: start + wanted.length });
        }
      }
    }
    if (matches.length) jump(Math.max(matches.findIndex((match) => indexes.get(match.page) >= current), 0));
    else { pin(null); paint(); tell(); }
  };
  $("query").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 200); });
  $("query").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    if (waiting) search(); else jump(at + (event.shiftKey ? -1 : 1));
  });
  $("earlier").addEventListener("click", () => jump(at - 1));
  $("later").addEventListener("click", () => jump(at + 1));

  /* Keys by their place on the keyboard, so that a Russian layout has them, too */
  const keys = { ArrowLeft: () => go(current - 1), ArrowRight: () => go(current + 1), KeyJ: () => step(1), KeyK: () => step(-1), KeyG: () => $("page").focus(), Slash: () => $("query").focus() };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
    if (event.key === "Escape") {
      if (event.target === $("query")) { $("query").value = ""; search(); }
      event.target.blur?.();
      pin(null);
    } else if (!typing(event.target) && !(event.code.startsWith("Arrow") && event.target.closest(".table"))) {
      const act = event.shiftKey ? (event.code === "Slash" ? () => $("keys").showModal() : null) : keys[event.code];
      if (act) { event.preventDefault(); act(); }
    }
  });
});
