/** @typedef {import('./kit.js').PageItem} PageItem */
/** @typedef {import('./kit.js').Node} Node */

/**
 * What the browser does with a run's page: the reader can search, filter, sort and page through the table of items, and
 * copy commands; the page of a run under way is replaced by newer ones. The source of this function is part of the
 * page, so it must not use anything outside itself.
 *
 * @param {ReturnType<typeof import('./kit.js').kit>} kit
 */
export function runPage({ rowOf, detailsOf, totalOf }) {
  const ROWS_A_PAGE = 100;
  const ASK_AGAIN_MS = 2_000;
  const SVG = 'http://www.w3.org/2000/svg';

  /** What the reader has chosen; it is kept when the page is replaced by a newer one. */
  const chosen = { text: '', status: '', sort: '', descending: false, page: 0 };
  /** Names of the items whose details are open. */
  const open = new Set();
  let data = readData();
  let items = decoded(data);

  /** @param {ParentNode} root */
  function readData(root = document) {
    return JSON.parse(root.querySelector('#data')?.textContent ?? '{}');
  }

  /**
   * @param {any} island
   * @returns {PageItem[]}
   */
  function decoded({ items: { fields = [], words = [], rows = [] } = {} }) {
    return rows.map((/** @type {unknown[]} */ row) => {
      /** @type {Record<string, unknown>} */
      const item = {};
      for (const [index, value] of row.entries()) {
        if (value === null) continue;
        const [name, kind] = fields[index];
        if (kind === 'word') item[name] = words[/** @type {number} */ (value)];
        else if (kind === 'pairs') item[name] = pairsOf(/** @type {number[]} */ (value), words);
        else item[name] = value;
      }
      const { folder = '', urlFolder = '', urlRest, outputRoot, outputItem, outputRest, ...rest } = item;
      return {
        ...rest,
        name: `${folder}${item.name}`,
        ...(outputRoot === undefined ? {} : { outputFolder: `${outputRoot}${outputItem}${outputRest}` }),
        ...(urlRest === undefined && urlFolder === '' ? {} : { url: `${urlFolder}${urlRest ?? item.name}` }),
      };
    });
  }

  /**
   * @param {number[]} values the number of a word, a value, the number of a word, and so on
   * @param {string[]} words
   */
  function pairsOf(values, words) {
    const pairs = [];
    for (let at = 0; at < values.length; at += 2) pairs.push([words[values[at] ?? 0], values[at + 1]]);
    return pairs;
  }

  /**
   * @param {Node} node
   * @param {boolean} [isSvg]
   * @returns {globalThis.Node}
   */
  function made(node, isSvg = false) {
    if (typeof node === 'string') return document.createTextNode(node);
    const [tag, attributes, ...children] = node;
    const inSvg = isSvg || tag === 'svg';
    const element = inSvg ? document.createElementNS(SVG, tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
    element.append(...children.map((child) => made(/** @type {Node} */ (child), inSvg)));
    return element;
  }

  /** @param {string} selector */
  const one = (selector) => document.querySelector(selector);

  /** @param {PageItem} item */
  const sortValue = (item) => {
    if (chosen.sort === 'name') return item.name;
    if (chosen.sort === 'status') return item.status;
    if (chosen.sort === 'took') return totalOf(item);
    if (chosen.sort === 'start') return item.start ?? -1;
    return /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (item))[chosen.sort] ?? -1;
  };

  function shownItems() {
    const text = chosen.text.toLowerCase();
    const found = items.filter(
      (item) =>
        (chosen.status === '' ||
          item.status === chosen.status ||
          (chosen.status === 'bad rows' && (item.badRows ?? 0) > 0)) &&
        (text === '' ||
          [item.name, item.url, item.error, item.message, item.processor].some((said) =>
            said?.toLowerCase().includes(text),
          )),
    );
    if (chosen.sort === '') return found;
    const sorted = found.toSorted((first, second) => {
      const [a, b] = [sortValue(first), sortValue(second)];
      return typeof a === 'string' ? a.localeCompare(String(b)) : Number(a) - Number(b);
    });
    return chosen.descending ? sorted.reverse() : sorted;
  }

  function draw() {
    const body = one('#items tbody');
    if (body === null) return;
    const found = shownItems();
    const pages = Math.max(1, Math.ceil(found.length / ROWS_A_PAGE));
    chosen.page = Math.min(chosen.page, pages - 1);
    const first = chosen.page * ROWS_A_PAGE;
    const shown = found.slice(first, first + ROWS_A_PAGE);
    body.replaceChildren(...shown.flatMap(rowsOf));
    const counted = one('#counted');
    if (counted !== null) {
      counted.textContent =
        found.length === 0
          ? 'No item matches.'
          : `${(first + 1).toLocaleString('en')} to ${(first + shown.length).toLocaleString('en')} of ${found.length.toLocaleString('en')}`;
    }
    for (const button of document.querySelectorAll('[data-page]')) {
      const to = chosen.page + Number(button.getAttribute('data-page'));
      button.toggleAttribute('disabled', to < 0 || to >= pages);
    }
    for (const button of document.querySelectorAll('[data-status]')) {
      button.setAttribute('aria-pressed', String(button.getAttribute('data-status') === chosen.status));
    }
    for (const head of document.querySelectorAll('[data-sort]')) {
      const isIt = head.getAttribute('data-sort') === chosen.sort;
      head.closest('th')?.setAttribute('aria-sort', isIt ? (chosen.descending ? 'descending' : 'ascending') : 'none');
    }
  }

  /** @param {PageItem} item */
  function rowsOf(item) {
    const row = /** @type {HTMLElement} */ (made(rowOf(item, data.drawing)));
    const button = row.querySelector('.more');
    const width = row.children.length;
    const details = () => made(['tr', { class: 'opened' }, ['td', { colspan: width }, detailsOf(item, data.drawing)]]);
    button?.addEventListener('click', () => {
      const isOpen = open.has(item.name);
      if (isOpen) row.nextElementSibling?.remove();
      else row.after(details());
      if (isOpen) open.delete(item.name);
      else open.add(item.name);
      button.setAttribute('aria-expanded', String(!isOpen));
    });
    if (!open.has(item.name)) return [row];
    button?.setAttribute('aria-expanded', 'true');
    return [row, details()];
  }

  /** @param {Event} event */
  async function copy(event) {
    const button = event.target instanceof Element ? event.target.closest('.copy') : null;
    const code = button?.previousElementSibling;
    if (!button || !code) return;
    const word = button.textContent;
    try {
      await navigator.clipboard.writeText(code.textContent ?? '');
      button.textContent = 'Copied';
    } catch {
      // Some browsers don't let a page from a disk write to the clipboard: the reader copies the selected text.
      getSelection()?.selectAllChildren(code);
      button.textContent = 'Selected';
    }
    setTimeout(() => {
      button.textContent = word;
    }, 1_500);
  }

  /**
   * The server draws the controls with the page, and a newer page has new ones: one listener on the document receives
   * all events.
   */
  function listen() {
    document.addEventListener('click', (event) => {
      const target = event.target instanceof Element ? event.target : null;
      const sort = target?.closest('[data-sort]')?.getAttribute('data-sort');
      const status = target?.closest('[data-status]')?.getAttribute('data-status');
      const page = target?.closest('[data-page]')?.getAttribute('data-page');
      copy(event);
      if (sort !== null && sort !== undefined) {
        // Numbers are sorted from the largest, names from the first.
        const begins = sort !== 'name' && sort !== 'status' && sort !== 'start';
        if (chosen.sort !== sort) Object.assign(chosen, { sort, descending: begins });
        else if (chosen.descending === begins) chosen.descending = !begins;
        else Object.assign(chosen, { sort: '', descending: false });
      } else if (status !== null && status !== undefined) {
        Object.assign(chosen, { status: chosen.status === status ? '' : status, page: 0 });
        if (target?.closest('[data-goes]')) one('#items')?.scrollIntoView();
      } else if (page !== null && page !== undefined) {
        chosen.page += Number(page);
      } else {
        return;
      }
      draw();
    });
    document.addEventListener('input', (event) => {
      if (!(event.target instanceof HTMLInputElement) || event.target.id !== 'search') return;
      Object.assign(chosen, { text: event.target.value, page: 0 });
      draw();
    });
    // On paper, details can't be opened, so all are opened before printing.
    addEventListener('beforeprint', () => {
      for (const details of document.querySelectorAll('details')) details.open = true;
    });
  }

  /** Replaces this page by a newer one, but keeps what the reader typed or opened. */
  function replace(/** @type {string} */ text) {
    const newer = new DOMParser().parseFromString(text, 'text/html');
    const unfolded = new Set([...document.querySelectorAll('details[open]')].map(({ id }) => id));
    for (const details of newer.querySelectorAll('details')) if (unfolded.has(details.id)) details.open = true;
    data = readData(newer);
    items = decoded(data);
    for (const part of newer.querySelectorAll('[data-part]')) {
      const old = one(`[data-part="${part.getAttribute('data-part')}"]`);
      if (old !== null && old.innerHTML !== part.innerHTML) old.replaceChildren(...part.childNodes);
    }
    document.title = newer.title;
    draw();
  }

  async function keepLiving() {
    let tag = '';
    while (data.living) {
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      const word = one('#living');
      try {
        const answer = await fetch(location.href, {
          headers: tag === '' ? {} : { 'if-none-match': tag },
          cache: 'no-store',
        });
        if (answer.status === 200) {
          tag = answer.headers.get('etag') ?? '';
          replace(await answer.text());
        }
      } catch {
        if (word !== null) word.textContent = 'The command that serves this page has ended.';
        return;
      }
    }
  }

  listen();
  draw();
  keepLiving();
}
