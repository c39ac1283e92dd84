// Which sensors make up a contract year, and how it stands.
import { numberOf, ours, type EntityEntry, type Hass } from "./hass";
import { filled, type Texts } from "./texts";

export const CONTRACT_KEYS = [
  "cost_contract_year", "contract_paid", "contract_forecast", "contract_forecast_low", "contract_forecast_high", "contract_instalment", "contract_bonus",
] as const;
type Key = (typeof CONTRACT_KEYS)[number];
/** The entities of one contract, by translation key. */
export type ContractEntities = Partial<Record<Key, string>>;

const keyOf = ({ translation_key }: EntityEntry): Key | undefined => CONTRACT_KEYS.find((key) => key === translation_key);

/** Return our sensors of contracts. */
export const contractSensors = (hass: Hass): EntityEntry[] => ours(hass).filter(keyOf);

/** Return the sensor of each contract that shows what was spent. */
export const contracts = (hass: Hass): EntityEntry[] => contractSensors(hass).filter((entry) => keyOf(entry) === "cost_contract_year");

/** An entry of the registry; `unique_id` is that of the counter, followed by the key. */
export interface Registered { entity_id: string; unique_id: string; translation_key: string | null }

/** Return the sensors of the contract to which an entity belongs: a device may have several. */
export function sameContract(found: readonly Registered[], entity: string): ContractEntities | undefined {
  const counter = ({ unique_id, translation_key }: Registered): string => unique_id.slice(0, -(translation_key?.length ?? 0));
  const own = found.find(({ entity_id }) => entity_id === entity);
  if (!own) return undefined;
  return Object.fromEntries(
    found.filter((each) => counter(each) === counter(own)).map((each) => [each.translation_key, each.entity_id]),
  ) as ContractEntities;
}

/** How a contract year stands, in the currency of the home; undefined is not known. */
export interface Standing {
  spent: number | undefined;
  paid: number | undefined;
  forecast: number | undefined;
  low: number | undefined;
  high: number | undefined;
  instalment: number | undefined;
  bonus: number | undefined;
  /** Since when costs are known, if that is later than the year began. */
  since: string | undefined;
  /** The first day of a contract that is still to begin. */
  begins: string | undefined;
}

export function standingOf(hass: Hass, found: ContractEntities): Standing {
  const value = (key: Key): number | undefined => numberOf(hass, found[key] ?? "");
  return {
    spent: value("cost_contract_year"), paid: value("contract_paid"), forecast: value("contract_forecast"),
    low: value("contract_forecast_low"), high: value("contract_forecast_high"),
    instalment: value("contract_instalment"), bonus: value("contract_bonus"),
    since: hass.states[found.cost_contract_year ?? ""]?.attributes.costs_since,
    begins: hass.states[found.cost_contract_year ?? ""]?.attributes.begins,
  };
}

/** Return what was spent against what was paid as a sentence; what was spent if there is nothing to compare. */
export function balance(
  t: Texts, { spent, paid, since, begins }: Standing, money: (amount: number) => string, day: (date: string) => string,
): string {
  if (begins) return filled(t.contract_begins, { day: day(begins) });
  if (spent === undefined) return t.contract_unknown;
  if (!paid || since) return filled(t.contract_spent, { amount: money(spent) });
  const cents = Math.round((paid - spent) * 100);
  if (cents === 0) return t.contract_even;
  return filled(cents > 0 ? t.contract_less : t.contract_more, { amount: money(Math.abs(cents) / 100) });
}

/** Parts of a scale from 0 to the largest amount, in percent. */
export interface Scale { spent: number; paid: number | undefined; low: number | undefined; high: number | undefined }

/** Return where the amounts lie; undefined if there is no amount above 0. */
export function scaleOf({ spent, paid, low, high }: Standing): Scale | undefined {
  const most = Math.max(spent ?? 0, paid ?? 0, high ?? 0);
  if (most <= 0) return undefined;
  const part = (amount: number): number => Math.min(100, Math.max(0, (amount / most) * 100));
  const maybe = (amount: number | undefined): number | undefined => (amount === undefined ? undefined : part(amount));
  return { spent: part(spent ?? 0), paid: paid ? part(paid) : undefined, low: maybe(low), high: maybe(high) };
}
