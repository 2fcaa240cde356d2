// Elements without innerHTML: the page's policy forbids it, and no text from the cluster can become markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'style') for (const [property, one] of Object.entries(value)) node.style.setProperty(property, one);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return node;
}

/** An HTML element: h('p', {class: 'small'}, 'text', child). */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** An SVG element. */
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** Sets text only where it differs, so that selections and screen readers are left in peace. */
export function setText(node, text) {
  const said = String(text);
  if (node.textContent !== said) node.textContent = said;
}

/**
 * Makes the children of a list the ones of items, in their order, keeping elements of keys that stay: focus and hover survive an update.
 * make(item) gives {node, update(item)}.
 */
export function keyed(list, items, keyOf, make) {
  const known = list.keyedRows ?? new Map();
  const next = new Map();
  let at = list.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    const row = known.get(key) ?? make(item);
    next.set(key, row);
    row.update(item);
    if (row.node === at) at = at.nextSibling;
    else list.insertBefore(row.node, at);
  }
  for (const [key, row] of known) if (!next.has(key)) row.node.remove();
  list.keyedRows = next;
}

/** The width of an element, now and whenever it changes. Gives what ends the watching. */
export function onWidth(node, tell) {
  const watcher = new ResizeObserver(entries => tell(entries[0].contentRect.width));
  watcher.observe(node);
  return () => watcher.disconnect();
}
