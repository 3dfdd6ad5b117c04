import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const PYTHON = fileURLToPath(new URL('../../../.sluice/venv/bin/python', import.meta.url));
const EMBEDDED = fileURLToPath(new URL('../../../local/embedded/', import.meta.url));

/** Runs Python with the launcher's functions at hand. */
async function python(code: string): Promise<string> {
  const { stdout } = await promisify(execFile)(PYTHON, ['-c', `import launch, os, resource, signal\n${code}`], {
    cwd: EMBEDDED,
    env: {},
  });
  return stdout.trim();
}

it.each([
  ['refuses more than 10,240, as macOS does', 256, -1, 10_240, '[65536, 24576, 10240]'],
  ['takes all', 1_024, -1, 1_000_000, '[65536]'],
  ['has a hard limit', 1_024, 4_096, 4_096, '[4096]'],
  ['has enough already', 100_000, -1, 1_000_000, '[]'],
  ['takes nothing', 256, -1, 0, '[65536, 24576, 10240, 4096]'],
])(
  'the launcher asks for as many open files as the system permits if it %s',
  async (_name, soft, hard, most, asked) => {
    const code = `
asked = []
def setrlimit(kind, limits):
    asked.append(limits[0])
    if limits[0] > ${most}:
        raise ValueError("not allowed to raise maximum limit")
resource.getrlimit = lambda kind: (${soft}, resource.RLIM_INFINITY if ${hard} == -1 else ${hard})
resource.setrlimit = setrlimit
launch.raise_file_limit()
print(asked)`;
    expect(await python(code)).toBe(asked);
  },
);

it('the launcher removes its folder even if the system refuses to end the group, as macOS does after the end', async () => {
  const code = `
import tempfile, time
folder = tempfile.mkdtemp()
read_end, write_end = os.pipe()
def refuse(group, number):
    raise PermissionError(1, "Operation not permitted")
os.killpg = refuse
child = os.fork()
if child == 0:
    launch.start_guard(folder)
    os._exit(0)
os.waitpid(child, 0)
for _ in range(600):
    if not os.path.exists(folder):
        break
    time.sleep(0.1)
print(os.path.exists(folder))`;
  expect(await python(code)).toBe('False');
});
