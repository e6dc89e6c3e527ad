// Search, buttons that copy, and where the reader is. The page can be read without any of it.
"use strict";

const search = document.getElementById("search");
const found = document.getElementById("found");
const menu = document.querySelector("details.menu");
const narrow = matchMedia("(max-width: 52rem)");
const links = new Map(
  [...document.querySelectorAll("nav li a")].map((link) => [link.hash.slice(1), link]),
);
const articles = [...document.querySelectorAll("article")].map((element) => ({
  element,
  link: links.get(element.id),
  text: element.textContent.toLowerCase(),
}));

function applySearch() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const { element, link, text } of articles) {
    const isShown = words.every((word) => text.includes(word));
    element.hidden = !isShown;
    if (link) {
      link.parentElement.hidden = !isShown;
      count += isShown ? 1 : 0;
    }
  }
  for (const group of document.querySelectorAll("section.group")) {
    group.hidden = !group.querySelector("article:not([hidden])");
  }
  for (const title of document.querySelectorAll("nav .group")) {
    title.hidden = !title.nextElementSibling.querySelector("li:not([hidden])");
  }
  document.querySelector("section.intro").hidden = words.length > 0;
  found.textContent = words.length ? `${count} operation${count === 1 ? "" : "s"}` : "";
}

function clearSearch() {
  search.value = "";
  applySearch();
}

async function copy(button, source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    // Browsers give pages on plain http no clipboard: the text is selected instead.
    getSelection().selectAllChildren(source);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

for (const figure of document.querySelectorAll("figure.code")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  const label = figure.querySelector("figcaption").textContent;
  button.setAttribute("aria-label", `Copy ${label}`);
  button.addEventListener("click", () => copy(button, figure.querySelector("code")));
  figure.append(button);
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    for (const link of links.values()) link.removeAttribute("aria-current");
    links.get(entry.target.id)?.setAttribute("aria-current", "true");
  }
}, { rootMargin: "0px 0px -75% 0px" });
for (const { element, link } of articles) if (link) seen.observe(element);

document.querySelector(".search").hidden = false;
search.addEventListener("input", applySearch);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, textarea") && !event.ctrlKey) {
    event.preventDefault();
    menu.open = true;
    search.focus();
  } else if (event.key === "Escape" && search.value) {
    clearSearch();
  }
});
// What a link leads to may be hidden by the search.
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (!link) return;
  if (document.getElementById(link.hash.slice(1))?.closest("[hidden]")) clearSearch();
  if (narrow.matches && link.closest("nav")) menu.open = false;
});

function fitMenu() {
  menu.open = !narrow.matches;
}
narrow.addEventListener("change", fitMenu);
fitMenu();
