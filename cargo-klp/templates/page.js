"use strict";
(() => {
  const form = document.querySelector("form");
  const find = document.getElementById("find");
  const found = document.getElementById("found");
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const text = (...parts) => parts.map((part) => part?.textContent.toLowerCase() ?? "").join(" ");
  const all = (selector) => [...document.querySelectorAll(selector)];
  // What can be found: one and many of its kind, the elements, and what is searched of each.
  const kinds = [
    ["function", "functions", "details.function", (it) =>
      text(it.closest(".object").querySelector("h3"), it.querySelector("summary"), it.querySelector(".reasons"))],
    ["obstacle", "obstacles", "#refused .cards > li", text],
    ["hunk", "hunks", "details.hunk", text],
    ["data object", "data objects", "#data tbody tr", text],
    ["note", "notes", "#notes .cards > li", text],
  ].map(([one, many, selector, words]) => ({
    one,
    many,
    elements: all(selector).map((element) => ({ element, text: words(element) })),
  }));
  const groups = all(".object, #hunks > details.index, main > section")
    .map((group) => ({ group, elements: [...group.querySelectorAll("details.function, details.hunk, .cards > li, #data tbody tr")] }))
    .filter(({ elements }) => elements.length > 0);
  const show = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const counts = kinds.map(({ one, many, elements }) => {
      let count = 0;
      for (const { element, text } of elements) {
        const change = element.dataset.change;
        const fits = (!change || wanted.has(change)) && words.every((word) => text.includes(word));
        element.hidden = !fits;
        count += fits;
      }
      return count > 0 ? `${count} ${count === 1 ? one : many}` : "";
    });
    for (const { group, elements } of groups) {
      group.hidden = elements.every((element) => element.hidden);
    }
    found.textContent = counts.filter(Boolean).join(", ") || "nothing has all of these words";
  };
  const open = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    if (target.closest("[hidden]")) {
      find.value = "";
      for (const box of boxes) box.checked = true;
      show();
    }
    for (let part = target; part; part = part.parentElement) {
      if (part.tagName === "DETAILS") part.open = true;
    }
    target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  // Nobody can open anything on paper.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const part of closed) part.open = true;
  });
  addEventListener("afterprint", () => {
    for (const part of closed) part.open = false;
  });
  show();
  open();
})();
