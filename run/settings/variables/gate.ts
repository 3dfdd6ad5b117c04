import { jsonVariable } from '../../environment.ts';
import { gateSchema } from '../gate.ts';

export const GATE_VARIABLE = { SLUICE_GATE: jsonVariable(gateSchema) };
