import { type Application, Comment, Converter, DeclarationReflection, ReflectionKind, type SomeType } from 'typedoc';
import { type SettingShape, settingsShape } from '#lib/settings/settings-shape.ts';

/** The entries, as users import them. */
const ENTRIES: Readonly<Record<string, string>> = {
  transfer: 'sluice/transfer',
  'processors/contract': 'sluice/processors',
  lib: 'sluice/constructs',
};
/** The interfaces that are made from the schema of the settings, which holds the texts. */
const OF_SETTINGS = ['Settings', 'SettingsInput'];

/** Calls the entries what users call them, and describes settings by the texts of docs/settings.md. */
export function load(app: Application): void {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const entry of project.getReflectionsByKind(ReflectionKind.Module)) {
      const name = ENTRIES[entry.name];
      if (name === undefined) throw new Error(`site/typedoc-plugin.ts does not know the entry ${entry.name}`);
      entry.name = name;
    }
    for (const found of project.getReflectionsByKind(ReflectionKind.Interface)) {
      if (found instanceof DeclarationReflection && OF_SETTINGS.includes(found.name)) {
        describeMembers(found.children ?? [], settingsShape, '');
      }
    }
  });
}

function describeMembers(members: readonly DeclarationReflection[], shape: SettingShape, group: string): void {
  for (const member of members) {
    const own = shape.properties?.[member.name];
    if (own === undefined) continue;
    const text = own.description ?? (own.properties && `The settings of \`${group}${member.name}\`.`);
    if (text !== undefined) member.comment = new Comment([{ kind: 'text', text }]);
    for (const inner of literalsIn(member.type)) describeMembers(inner, own.items ?? own, `${member.name}.`);
  }
}

/** The members of the object types in a type. */
function literalsIn(type: SomeType | undefined): (readonly DeclarationReflection[])[] {
  if (type?.type === 'reflection') return [type.declaration.children ?? []];
  if (type?.type === 'array') return literalsIn(type.elementType);
  if (type?.type === 'union' || type?.type === 'intersection') return type.types.flatMap(literalsIn);
  if (type?.type === 'typeOperator') return literalsIn(type.target);
  return [];
}
