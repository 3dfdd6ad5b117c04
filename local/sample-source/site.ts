/** A small site for the scraper: six linked pages, one of them closed to robots, with links in a circle. */

const STATIONS = ['Baker Street', 'Kings Cross', 'Paddington', 'Waterloo'] as const;

const slug = (name: string) => name.toLowerCase().replaceAll(' ', '-');

const page = (title: string, body: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${title}</h1>${body}</body></html>\n`;

const link = (path: string, text: string) => `<a href="${path}">${text}</a>`;

/** The answers of the site, by path. */
export const SITE: ReadonlyMap<string, { readonly contentType: string; readonly body: string }> = new Map([
  ['/robots.txt', { contentType: 'text/plain', body: 'User-agent: *\nDisallow: /site/staff\nDisallow: /data/\n' }],
  [
    '/site/',
    html(
      'Four stations',
      `<ul>${STATIONS.map((name) => `<li>${link(`${slug(name)}.html`, name)}</li>`).join('')}</ul>
       <p>${link('staff.html', 'For staff')} ${link('https://www.example.com/', 'Another site')}</p>`,
    ),
  ],
  ['/site/staff.html', html('For staff', '<p>robots.txt asks robots to stay away from this page.</p>')],
  ...STATIONS.map((name, index): [string, { contentType: string; body: string }] => {
    const next = STATIONS[(index + 1) % STATIONS.length] ?? name;
    return [
      `/site/${slug(name)}.html`,
      html(name, `<p>Next on the line: ${link(`${slug(next)}.html`, next)}. ${link('./#list', 'All stations')}</p>`),
    ];
  }),
]);

function html(title: string, body: string): { contentType: string; body: string } {
  return { contentType: 'text/html; charset=utf-8', body: page(title, body) };
}
