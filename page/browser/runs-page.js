/**
 * What the browser does with the page of all runs: the reader can search and filter its rows. The server has drawn all
 * rows. The part of the URL after `#` may name a schedule.
 */
export function runsPage() {
  const search = /** @type {HTMLInputElement | null} */ (document.querySelector('#search'));
  let outcome = '';

  function draw() {
    const text = (search?.value ?? '').toLowerCase();
    let shown = 0;
    for (const row of document.querySelectorAll('tbody tr')) {
      const isShown =
        (outcome === '' || row.getAttribute('data-outcome') === outcome) &&
        (text === '' || (row.textContent ?? '').toLowerCase().includes(text));
      row.toggleAttribute('hidden', !isShown);
      if (isShown) shown += 1;
    }
    const counted = document.querySelector('#counted');
    if (counted !== null) counted.textContent = `${shown.toLocaleString('en')} shown`;
    for (const button of document.querySelectorAll('[data-status]')) {
      button.setAttribute('aria-pressed', String(button.getAttribute('data-status') === outcome));
    }
  }

  function fromAddress() {
    const schedule = new URLSearchParams(location.hash.slice(1)).get('schedule');
    if (schedule !== null && search !== null) search.value = schedule;
    draw();
  }

  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('[data-status]') : null;
    if (button === null) return;
    const word = button.getAttribute('data-status') ?? '';
    outcome = outcome === word ? '' : word;
    draw();
  });
  search?.addEventListener('input', draw);
  addEventListener('hashchange', fromAddress);
  fromAddress();
}
