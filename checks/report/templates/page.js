"use strict";
(() => {
  const box = document.getElementById("rows");
  if (!box) return;
  const form = document.querySelector(".tools");
  const [find, show, sort, group] = ["find", "show", "sort", "group"].map((id) => document.getElementById(id));
  const count = document.getElementById("count");
  const marks = new Map([...document.querySelectorAll(".fleet a")].map((mark) => [mark.hash.slice(1), mark]));
  const rows = [...box.children].map((row, rank) => ({
    row, rank, mark: marks.get(row.id), kind: row.classList[1], owner: row.dataset.owner, group: row.dataset.group,
    name: row.querySelector(".name").textContent,
    text: row.querySelector("summary").textContent.toLowerCase(),
  }));
  const isShown = (one, words) =>
    (!show.value || (show.value === "ill" ? one.kind !== "fresh" : one.kind === show.value)) &&
    words.every((word) => one.text.includes(word));
  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const one of rows) {
      const is = isShown(one, words);
      if (one.row.hidden === is) one.row.hidden = !is;
      if (one.mark) one.mark.classList.toggle("out", !is);
      left += is;
    }
    for (const head of box.querySelectorAll(":scope > h3")) {
      let next = head.nextElementSibling;
      while (next && next.hidden && next.tagName !== "H3") next = next.nextElementSibling;
      head.hidden = !next || next.tagName === "H3";
    }
    count.value = left === rows.length ? `${left.toLocaleString("en")} tables` : `${left.toLocaleString("en")} of ${rows.length.toLocaleString("en")} tables`;
  };
  const order = () => {
    const by = group.value;
    const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    rows.sort((a, b) =>
      (by ? compare(!a[by], !b[by]) || compare(a[by], b[by]) : 0) ||
      (sort.value === "name" ? compare(a.name, b.name) : a.rank - b.rank));
    const all = document.createDocumentFragment();
    let last = null;
    for (const one of rows) {
      if (by && one[by] !== last) {
        const head = document.createElement("h3");
        head.textContent = one[by] || "no owner";
        last = one[by];
        all.append(head);
      }
      all.append(one.row);
    }
    box.replaceChildren(all);
    filter();
  };
  const follow = () => {
    const row = document.getElementById(location.hash.slice(1));
    if (!row || !row.classList.contains("row")) return;
    row.hidden = false;
    row.open = true;
    row.scrollIntoView({ block: "center" });
    row.firstElementChild.focus({ preventScroll: true });
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  find.addEventListener("input", filter);
  show.addEventListener("change", filter);
  for (const one of [sort, group]) one.addEventListener("change", order);
  addEventListener("hashchange", follow);
  addEventListener("keydown", (event) => {
    const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      find.focus();
    }
    if (event.key === "Escape" && event.target === find) { find.value = ""; filter(); }
  });
  form.hidden = rows.length < 2;
  filter();
  follow();
})();
