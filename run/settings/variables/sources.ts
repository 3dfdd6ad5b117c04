import { jsonVariable } from '../../environment.ts';
import { sourceRulesSchema } from '../../limits/source-rules.ts';

export const SOURCES_VARIABLE = { SLUICE_SOURCES: jsonVariable(sourceRulesSchema) };
