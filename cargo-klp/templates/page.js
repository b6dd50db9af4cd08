
"use strict";
(() => {
  const form = document.querySelector("form");
  let showAll = () => {};
  const open = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    if (target.closest("[hidden]")) showAll();
    for (let part = target; part; part = part.parentElement) {
      if (part.tagName === "DETAILS") part.open = true;
    }
    target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  if (!form) {
    open();
    return;
  }
  const find = document.getElementById("find");
  const found = document.getElementById("found");
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const objects = [...document.querySelectorAll(".object")].map((section) => ({
    section,
    functions: [...section.querySelectorAll("details.function")].map((element) => ({
      element,
      change: element.dataset.change,
      text: [section.querySelector("h3"), element.querySelector("summary"), element.querySelector(".reasons")]
        .map((part) => part?.textContent.toLowerCase() ?? "")
        .join(" "),
    })),
  }));
  const show = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const kinds = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let count = 0;
    for (const { section, functions } of objects) {
      let visible = 0;
      for (const { element, change, text } of functions) {
        const fits = kinds.has(change) && words.every((word) => text.includes(word));
        element.hidden = !fits;
        visible += fits;
      }
      section.hidden = visible === 0;
      count += visible;
    }
    found.textContent = count === 0 ? "no function has all of these words" : `${count} shown`;
  };
  showAll = () => {
    find.value = "";
    for (const box of boxes) box.checked = true;
    show();
  };
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
  open();
})();
