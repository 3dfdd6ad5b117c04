import type { Context } from '../context.ts';
import { ObjectExistsError } from '../errors.ts';
import type { Exists } from './complete.ts';

/** Returns whether the write itself has to refuse to replace an object. */
export function ifAbsent({ ifExists }: Context): boolean {
  return ifExists === 'skip' || ifExists === 'fail';
}

/** Another object was written between the look at Open and this write. */
export function otherWasFaster(context: Context, { exists }: Exists): { status: 'skipped'; bytes: number } {
  if (context.ifExists === 'fail') {
    throw new ObjectExistsError(
      `${context.store.name} was written by another program meanwhile, and ifExists is "fail"`,
    );
  }
  return { status: 'skipped', bytes: exists === 'forbidden' ? 0 : exists.bytes };
}
