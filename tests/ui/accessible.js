// What accessibility checkers look for: returns a sentence a fault.
const faults = [];
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const say = (fault, element) => faults.push(fault + ': ' + (element.outerHTML || '').slice(0, 120));
if (!document.documentElement.lang) say('no language', document.documentElement);
if (!document.title) say('no title', document.head);
for (const [selector, count] of [['main', 1], ['h1', 1], ['nav[aria-label]', 1]])
  if (all(selector).length !== count) say(selector + ' is not there once', document.body);
let level = 0;
for (const heading of all('h1, h2, h3, h4, h5, h6')) {
  if (+heading.tagName[1] > level + 1) say('a level of headings is left out', heading);
  level = +heading.tagName[1];
  if (!heading.textContent.trim()) say('an empty heading', heading);
}
const ids = all('[id]').map(element => element.id);
ids.filter((id, at) => ids.indexOf(id) !== at).forEach(id => faults.push('an id twice: ' + id));
all('body > *').filter(e => !e.matches('main, nav')).forEach(e => say('outside all landmarks', e));
all('svg').filter(e => e.getAttribute('role') !== 'img' || !e.getAttribute('aria-label')).forEach(e => say('a figure without a name', e));
all('a').filter(e => !e.textContent.trim() || !document.getElementById(e.hash.slice(1))).forEach(e => say('a link to nothing', e));
all('table').filter(e => !all('th[scope=col]', e).length).forEach(e => say('a table without heads', e));
all('tbody tr').filter(e => !all('th[scope=row]', e).length).forEach(e => say('a row without a head', e));
all('details').filter(e => !e.querySelector(':scope > summary')).forEach(e => say('details without a summary', e));
all('[tabindex]').filter(e => !e.getAttribute('role') || !e.getAttribute('aria-label')).forEach(e => say('a stop without a name', e));
all('main *').filter(e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth
  && e.tabIndex < 0).forEach(e => say('scrolls, and no key reaches it', e));
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgb = colour => {
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const luminance = colour => {
  const [r, g, b] = rgb(colour).slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = element => {
  for (let e = element; e; e = e.parentElement) {
    const colour = getComputedStyle(e).backgroundColor;
    if (rgb(colour)[3] === 255) return colour;
  }
  return 'white';
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; (node = walker.nextNode());) {
  const element = node.parentElement;
  if (!node.data.trim() || element.closest('title') || !element.getClientRects().length) continue;
  const drawn = element.closest('svg'), look = getComputedStyle(element);
  const [one, two] = [luminance(drawn ? look.fill : look.color), luminance(behind(element))].sort((a, b) => a - b);
  if ((two + 0.05) / (one + 0.05) < 4.5) say('letters that cannot be read', element);
  const scale = drawn ? drawn.getBoundingClientRect().width / drawn.viewBox.baseVal.width : 1;
  if (parseFloat(look.fontSize) * scale < 9) say('letters that are too small', element);
}
return faults;
