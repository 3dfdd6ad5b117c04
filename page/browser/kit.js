/**
 * A node of markup that both sides can make: the tag, its attributes, its children. Text is text on both.
 *
 * @typedef {string | readonly [tag: string, attributes: Record<string, string | number>, ...children: readonly
 * unknown[]]} Node
 */

/**
 * An item as a page shows it. Times are milliseconds; `start` is counted from the run's start.
 *
 * @typedef {object} PageItem
 * @property {string} name
 * @property {string} status
 * @property {string} [id] if a shell can't read the name unchanged
 * @property {string} [key] if the object's key differs from the shown name
 * @property {boolean} [landed]
 * @property {number} [bytes]
 * @property {string} [url]
 * @property {number} [start]
 * @property {number} [transfer]
 * @property {number} [queue]
 * @property {number} [work]
 * @property {string} [processor]
 * @property {string} [format]
 * @property {number} [rows]
 * @property {number} [badRows]
 * @property {number} [columns]
 * @property {string} [columnList]
 * @property {string} [badRowsSeen]
 * @property {string} [outputFolder] what goes before the names of the outputs
 * @property {readonly (readonly [name: string, bytes: number])[]} [outputs]
 * @property {number} [moreOutputs]
 * @property {string} [publishedTo]
 * @property {string} [proofs]
 * @property {string} [notChecked]
 * @property {number} [parts]
 * @property {number} [retries]
 * @property {number} [attempts]
 * @property {string} [worker]
 * @property {number} [peakMiB]
 * @property {string} [error]
 * @property {string} [message]
 * @property {string} [notes]
 */

/**
 * What a page needs to draw items, besides the items.
 *
 * @typedef {object} Drawing
 * @property {number} span how long the run took, in milliseconds
 * @property {string} objects where landed objects are shown: the key is put behind it; empty where there is no such
 * place
 * @property {string} outputs the same of processors' outputs
 * @property {boolean} keyIsPath whether the key goes behind it segment by segment, or as one value of a query
 * @property {string} logs the command that shows an item's log lines, without the item
 * @property {string} get the command that downloads an item's object or outputs, without the item
 */

/**
 * The functions that both server and browser use. The server calls it when it makes a page, and its source is part of
 * the page, so it must not use anything outside itself.
 */
export function kit() {
  const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

  /** @param {number} bytes */
  function bytesText(bytes) {
    let value = bytes;
    let unit = 0;
    while (value >= 1023.95 && unit < UNITS.length - 1) {
      value /= 1024;
      unit += 1;
    }
    if (unit === 0) return bytes === 1 ? '1 byte' : `${bytes.toLocaleString('en')} bytes`;
    return `${value.toFixed(1)} ${UNITS[unit]}`;
  }

  /** @param {number} seconds */
  function secondsText(seconds) {
    if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
    const whole = Math.round(seconds);
    if (whole < 60) return `${whole} s`;
    /** @param {number} value */
    const two = (value) => String(value).padStart(2, '0');
    if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
    return `${Math.floor(whole / 3600).toLocaleString('en')} h ${two(Math.floor((whole % 3600) / 60))} min`;
  }

  /** @param {PageItem} item */
  function totalOf({ transfer = 0, queue = 0, work = 0 }) {
    return transfer + queue + work;
  }

  const TONES = {
    done: 'good',
    unchanged: 'good',
    skipped: 'good',
    failed: 'bad',
    missing: 'warn',
    'under way': 'info',
    'not started': 'mute',
  };

  /** @param {string} status */
  function toneOf(status) {
    return /** @type {Record<string, string>} */ (TONES)[status] ?? 'mute';
  }

  /**
   * A row of the table of items. Its button shows and hides the item's details.
   *
   * @param {PageItem} item
   * @param {Drawing} drawing
   * @returns {Node}
   */
  function rowOf(item, { span }) {
    const { name, status, bytes, rows, badRows } = item;
    const total = totalOf(item);
    const hasBad = badRows !== undefined && badRows > 0;
    return [
      'tr',
      {},
      [
        'td',
        { class: 'name' },
        ['button', { type: 'button', class: 'more', 'aria-expanded': 'false' }, ...nameParts(name)],
      ],
      [
        'td',
        {},
        ['span', { class: `tag ${toneOf(status)}` }, status],
        ...(hasBad
          ? [/** @type {Node} */ (['span', { class: 'tag warn only-narrow' }, `${badRows.toLocaleString('en')} bad`])]
          : []),
      ],
      ['td', { class: 'number' }, bytes === undefined ? '' : bytesText(bytes)],
      ['td', { class: 'number wide' }, total > 0 ? secondsText(total / 1000) : ''],
      ['td', { class: 'when wide' }, ...barsOf(item, span)],
      ['td', { class: 'number wide' }, rows === undefined ? '' : rows.toLocaleString('en')],
      [
        'td',
        { class: hasBad ? 'number wide warn-text' : 'number wide' },
        badRows === undefined ? '' : badRows.toLocaleString('en'),
      ],
    ];
  }

  /**
   * The folder of a name, and its last part.
   *
   * @param {string} name
   * @returns {Node[]}
   */
  function nameParts(name) {
    const at = name.lastIndexOf('/') + 1;
    return at === 0 ? [name] : [['span', { class: 'folder' }, name.slice(0, at)], name.slice(at)];
  }

  /**
   * @param {PageItem} item
   * @param {number} span
   * @returns {Node[]}
   */
  function barsOf({ start, transfer = 0, queue = 0, work = 0 }, span) {
    if (start === undefined || span <= 0) return [];
    let x = (start / span) * 1000;
    /** @type {Node[]} */
    const rects = [];
    for (const [kind, length] of /** @type {[string, number][]} */ ([
      ['transfer', transfer],
      ['queue', queue],
      ['work', work],
    ])) {
      const width = (length / span) * 1000;
      if (length > 0) {
        // A short bar must be visible too.
        const seen = Math.max(width, 4);
        rects.push([
          'rect',
          { class: kind, x: Math.min(x, 1000 - seen).toFixed(1), y: 0, width: seen.toFixed(1), height: 10 },
        ]);
      }
      x += width;
    }
    return [
      ['svg', { class: 'bar', viewBox: '0 0 1000 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, ...rects],
    ];
  }

  /**
   * Everything that a page knows about an item, as terms and their descriptions.
   *
   * @param {PageItem} item
   * @param {Drawing} drawing
   * @returns {Node}
   */
  function detailsOf(item, drawing) {
    /** @type {Node[]} */
    const list = [];
    /**
     * @param {string} term
     * @param {...(Node | undefined)} said
     */
    const add = (term, ...said) => {
      const there = said.filter((one) => one !== undefined && one !== '');
      if (there.length > 0) list.push(['div', {}, ['dt', {}, term], ['dd', {}, ...there]]);
    };
    /** @param {...string} parts */
    const listed = (...parts) => parts.filter((part) => part !== '').join(', ');
    const { name, id, key = name, url, transfer, queue, work, outputs = [], outputFolder = '', moreOutputs = 0 } = item;
    if (item.error !== undefined) add('Failure', ['strong', {}, item.error], ` ${item.message ?? ''}`);
    add('Source', url === undefined ? undefined : linkTo(url, url));
    if (item.landed === true) add('Object', linkTo(hrefOf(drawing.objects, key, drawing), name));
    add(
      'Times',
      listed(
        transfer === undefined ? '' : `transfer ${secondsText(transfer / 1000)}`,
        queue === undefined ? '' : `queue ${secondsText(queue / 1000)}`,
        work === undefined ? '' : `work ${secondsText(work / 1000)}`,
      ),
    );
    add('Proofs', item.proofs);
    add('Not checked', item.notChecked);
    add(
      'Transfer',
      listed(
        item.parts === undefined || item.parts === 0 ? '' : count(item.parts, 'part', 'parts'),
        item.retries === undefined || item.retries === 0 ? '' : count(item.retries, 'retry', 'retries'),
        item.peakMiB === undefined ? '' : `peak memory ${item.peakMiB} MiB`,
      ),
    );
    add(
      'Processor',
      listed(
        item.processor ?? '',
        item.format ?? '',
        item.attempts === undefined || item.attempts === 1 ? '' : `attempt ${item.attempts}`,
        item.worker === undefined ? '' : `by ${item.worker}`,
      ),
    );
    if (item.columns !== undefined) add(count(item.columns, 'column', 'columns'), item.columnList);
    if (item.badRows !== undefined && item.badRows > 0) {
      add('Bad rows', ['span', { class: 'warn-text' }, item.badRows.toLocaleString('en')], item.badRowsSeen ?? '');
    }
    add(
      'Outputs',
      ...outputs.map(
        /** @returns {Node} */ ([output, bytes]) => [
          'span',
          { class: 'output' },
          linkTo(hrefOf(drawing.outputs, outputFolder + output, drawing), output),
          ` ${bytesText(bytes)}`,
        ],
      ),
      moreOutputs > 0 ? `and ${moreOutputs.toLocaleString('en')} more` : undefined,
    );
    add('Published', item.publishedTo);
    add('Notes', item.notes);
    add('Log', commandOf(`${drawing.logs} ${id ?? name}`));
    if (outputs.length > 0) add('Download', commandOf(`${drawing.get} ${id ?? name} --outputs`));
    return ['dl', { class: 'details' }, ...list];
  }

  /**
   * @param {number} number
   * @param {string} one
   * @param {string} many
   */
  function count(number, one, many) {
    return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
  }

  /**
   * @param {string} place
   * @param {string} key
   * @param {Drawing} drawing
   */
  function hrefOf(place, key, { keyIsPath }) {
    if (place === '') return '';
    return place + (keyIsPath ? key.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(key));
  }

  /**
   * A link, or only the text if a page must not link to this address.
   *
   * @param {string} href
   * @param {string} text
   * @returns {Node}
   */
  function linkTo(href, text) {
    if (!/^(https?:\/\/|\.{1,2}\/)/i.test(href)) return text;
    return ['a', { href, rel: 'noopener noreferrer' }, text];
  }

  /**
   * A command with a button that copies it.
   *
   * @param {string} command
   * @returns {Node}
   */
  function commandOf(command) {
    return [
      'span',
      { class: 'command' },
      ['code', {}, command],
      ['button', { type: 'button', class: 'copy', 'aria-label': `Copy: ${command}` }, 'Copy'],
    ];
  }

  return { bytesText, secondsText, totalOf, toneOf, rowOf, detailsOf, linkTo, commandOf };
}
