// Pages work without this. With it, points are added up while a form is filled in: every choice that is made and has
// `data-points-<total>` counts into the element with `data-total="<total>"`.
"use strict";
for (const form of document.querySelectorAll("form[data-adds-up]")) {
  const totals = form.querySelectorAll("[data-total]");
  const addUp = () => {
    const chosen = [...form.querySelectorAll("input:checked"), ...form.querySelectorAll("option:checked")];
    for (const total of totals) {
      const name = `data-points-${total.dataset.total}`;
      total.textContent = chosen.reduce((sum, each) => sum + Number(each.getAttribute(name) ?? 0), 0);
    }
  };
  form.addEventListener("change", addUp);
  addUp();
}
const refused = document.querySelector(".problem");
if (refused) refused.focus();
// What a page shows of work that goes on is looked at again; without scripts its link does that.
const goesOn = document.querySelector("[data-look-again]");
if (goesOn) setTimeout(() => location.reload(), 1000 * Number(goesOn.dataset.lookAgain));
// A box that ticks all boxes of its form. It is there only with scripts.
for (const all of document.querySelectorAll("[data-ticks]")) {
  const boxes = all.form.querySelectorAll(`input[name="${all.dataset.ticks}"]`);
  all.closest("[hidden]")?.removeAttribute("hidden");
  all.addEventListener("change", () => boxes.forEach((box) => { box.checked = all.checked; }));
}
// A browser shows days in its own language's order: the day that was chosen stands beside it in the page's.
const written = new Intl.DateTimeFormat(document.documentElement.lang, { day: "2-digit", month: "2-digit", year: "numeric" });
for (const field of document.querySelectorAll("input[type=date]")) {
  const shown = document.createElement("output");
  shown.className = "hint";
  field.after(shown);
  const show = () => { shown.textContent = field.value ? written.format(new Date(`${field.value}T00:00`)) : ""; };
  field.addEventListener("input", show);
  show();
}
