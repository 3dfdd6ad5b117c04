import { createHash } from 'node:crypto';
import { printable } from '#net/printable.ts';
import { html, type Markup, markup } from './html.ts';
import { STYLE } from './style.ts';

/** What a document is made of. */
export interface DocumentParts {
  readonly title: string;
  readonly body: Markup;
  /** The data for the script: it becomes JSON in the page. */
  readonly data?: unknown;
  /** The source of the page's script. */
  readonly script: string;
  /** Whether the script requests newer versions of the page from its server. */
  readonly living?: boolean;
}

/**
 * A page in one file. Its policy permits only its own style and its own script, by their hashes. If the names of a
 * source contained markup, this markup could not run, load or send anything.
 */
export function document({ title, body, data, script, living = false }: DocumentParts): string {
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(STYLE)}'`,
    ...(living ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${markup(STYLE)}</style>
</head>
<body>
${body}
${data === undefined ? '' : html`<script type="application/json" id="data">${markup(jsonForScript(data))}</script>`}
<script>${markup(script)}</script>
</body>
</html>
`.text;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** JSON that can't end its script element, nor begin a comment in it, nor hide its content from a reader. */
function jsonForScript(data: unknown): string {
  return printable(JSON.stringify(data)).replaceAll('<', '\\u003c');
}
