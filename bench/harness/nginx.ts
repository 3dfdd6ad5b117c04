import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '#test/helpers/s3-server.ts';
import type { Certificate } from '#test/helpers/source-server.ts';
import { PEERS_FOLDER } from './peers-folder.ts';

export interface NginxOptions {
  /** What it serves. */
  readonly root: string;
  /** For its settings and temporary files. */
  readonly folder: string;
  readonly tls: Certificate | undefined;
}

/** Where nginx is: installed, or unpacked by install-peers.sh. */
export function findNginx(): string | undefined {
  const onPath = spawnSync('sh', ['-c', 'command -v nginx'], { encoding: 'utf8' }).stdout.trim();
  return [onPath, '/usr/sbin/nginx', join(PEERS_FOLDER, 'nginx/usr/sbin/nginx')].find((file) => existsSync(file));
}

export function nginxVersion(binary: string): string {
  const { stderr } = spawnSync(binary, ['-v'], { encoding: 'utf8' });
  return /nginx\/(\S+)/.exec(stderr)?.[1] ?? 'unknown';
}

/**
 * Starts nginx for a folder, with one worker process and the settings that its documentation recommends for static
 * files.
 */
export async function startNginx(
  binary: string,
  { root, folder, tls }: NginxOptions,
): Promise<{ origin: string; stop(): Promise<void> }> {
  const home = join(folder, 'nginx');
  await mkdir(home);
  const port = await freePort();
  const [cert, key] = [join(home, 'cert.pem'), join(home, 'key.pem')];
  if (tls) await Promise.all([writeFile(cert, tls.cert), writeFile(key, tls.key)]);
  // As root, nginx would run its worker as `nobody`, who may not read the temporary folder.
  const user = process.getuid?.() === 0 ? `user root ${execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim()};` : '';
  const settings = `
${user}
daemon off;
worker_processes 1;
pid ${home}/pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  default_type application/octet-stream;
  # The default ends a connection after 1,000 requests.
  keepalive_requests 1000000;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${home}/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port}${tls ? ' ssl' : ''};
    ${tls ? `ssl_certificate ${cert}; ssl_certificate_key ${key};` : ''}
    root ${root};
  }
}
`;
  const file = join(home, 'nginx.conf');
  await writeFile(file, settings);
  const child = spawn(binary, ['-p', home, '-c', file, '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const kill = () => void child.kill('SIGTERM');
  process.once('exit', kill);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await answers(port, child);
  return {
    origin: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    stop: async () => {
      process.off('exit', kill);
      kill();
      await ended;
    },
  };
}

async function answers(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    if (child.exitCode !== null) throw new Error(`nginx ended with exit code ${child.exitCode}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    if (attempt === 100) throw new Error('nginx did not start');
    await sleep(50);
  }
}
