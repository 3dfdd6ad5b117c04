import type { Context } from '../context.ts';
import { ObjectExistsError } from '../errors.ts';

/** Returns whether the write itself has to refuse to replace an object. */
export function ifAbsent({ ifExists }: Context): boolean {
  return ifExists === 'skip' || ifExists === 'fail';
}

/** Another object was written between the look at Open and this write. */
export async function otherWasFaster(context: Context): Promise<{ status: 'skipped'; bytes: number }> {
  if (context.ifExists === 'fail') {
    throw new ObjectExistsError(
      `${context.store.name} was written by another program meanwhile, and ifExists is "fail"`,
    );
  }
  const object = await context.store.head(context.signal);
  return { status: 'skipped', bytes: object === undefined || object === 'forbidden' ? 0 : object.bytes };
}
