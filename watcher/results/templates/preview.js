"use strict";
if (navigator.language.toLowerCase().startsWith("ru")) {
  document.documentElement.lang = "ru";
  for (const element of document.querySelectorAll("[data-ru]")) element.textContent = element.dataset.ru;
}

const remarks = document.getElementById("remarks");
for (const section of document.querySelectorAll("section.failed, section.truncated, section.empty")) {
  const link = remarks.appendChild(document.createElement("a"));
  link.href = "#" + section.id;
  link.textContent = section.id.slice("page-".length);
  remarks.hidden = false;
}

const pair = (element) => document.querySelectorAll(`[data-block="${element.dataset.block}"]`);
const light = (element, on) => { for (const part of pair(element)) part.classList.toggle("lit", on); };
let pinned = null;

document.addEventListener("pointerover", (event) => {
  const element = event.target.closest("[data-block]");
  if (element) light(element, true);
});
document.addEventListener("pointerout", (event) => {
  const element = event.target.closest("[data-block]");
  if (element && element.dataset.block !== pinned?.dataset.block) light(element, false);
});
document.addEventListener("click", (event) => {
  const element = event.target.closest("[data-block]");
  if (pinned) light(pinned, false);
  pinned = element;
  if (!element || event.target.closest("a") || !getSelection().isCollapsed) return;
  light(element, true);
  for (const part of pair(element)) if (part !== element) part.scrollIntoView({ block: "nearest" });
});
