"use strict";
// Renews what is shown without loading the page anew: only texts and attributes that changed are touched, so that nothing flickers or moves.
addEventListener("DOMContentLoaded", () => {
  const main = document.querySelector("main"), lost = document.getElementById("lost"), seconds = Number(document.body.dataset.seconds);

  const alike = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName && one.id === other.id;

  const drop = (node) => {
    const next = node.nextSibling;
    node.remove();
    return next;
  };

  const become = (shown, next) => {
    if (shown.nodeType !== Node.ELEMENT_NODE) {
      if (shown.nodeValue !== next.nodeValue) shown.nodeValue = next.nodeValue;
      return;
    }
    for (const { name } of [...shown.attributes]) if (!next.hasAttribute(name)) shown.removeAttribute(name);
    for (const { name, value } of next.attributes) if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
    let at = shown.firstChild;
    for (const child of next.childNodes) {
      // Documents end in any order: whatever stands before the next one that goes on is gone.
      const kept = child.id ? [...shown.children].find((one) => one.id === child.id) : null;
      while (kept && at && at.compareDocumentPosition(kept) & Node.DOCUMENT_POSITION_FOLLOWING) at = drop(at);
      if (at && alike(at, child)) { become(at, child); at = at.nextSibling; continue; }
      shown.insertBefore(document.importNode(child, true), at);
    }
    while (at) at = drop(at);
  };

  const refresh = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(10000) });
      if (!answer.ok) throw new Error(answer.status);
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (next.querySelector("style").textContent !== document.querySelector("style").textContent) { location.reload(); return; } // another version
      document.title = next.title;
      become(document.querySelector("link"), next.querySelector("link"));
      become(main, next.querySelector("main"));
      lost.hidden = true;
    } catch {
      lost.hidden = false;
    }
  };

  const again = async () => {
    if (!document.hidden) await refresh();
    setTimeout(again, seconds * 1000);
  };
  setTimeout(again, seconds * 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
});
