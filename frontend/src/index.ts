// Defines the elements and lists them in Home Assistant's pickers.
import { ChoiceCard } from "./choice-card";
import { ConsumersCard } from "./consumers-card";
import { ContractCard, contractSuggestion } from "./contract-card";
import type { Hass } from "./hass";
import { HeatmapCard, heatmapSuggestion } from "./heatmap-card";
import { HistoryCard, historySuggestion } from "./history-card";
import { HouseCard } from "./house-card";
import { ProfileCard, profileSuggestion } from "./profile-card";
import { SeriesCard, seriesSuggestion } from "./series-card";
import { DashboardStrategy, ViewStrategy } from "./strategy";
import { spoken } from "./texts";

interface Listed { type: string; name: string; description: string }
interface ListedCard extends Listed {
  preview: boolean;
  getEntitySuggestion(hass: Hass, entity: string): object | null;
}
declare global {
  interface Window { customCards?: ListedCard[]; customStrategies?: (Listed & { strategyType: string })[] }
}

const ELEMENTS: Record<string, CustomElementConstructor> = {
  "py-hab-profile-card": ProfileCard,
  "py-hab-heatmap-card": HeatmapCard,
  "py-hab-history-card": HistoryCard,
  "py-hab-series-card": SeriesCard,
  "py-hab-house-card": HouseCard,
  "py-hab-consumers-card": ConsumersCard,
  "py-hab-contract-card": ContractCard,
  "py-hab-choice-card": ChoiceCard,
  "ll-strategy-dashboard-py-hab": DashboardStrategy,
  "ll-strategy-view-py-hab": ViewStrategy,
};
for (const [name, element] of Object.entries(ELEMENTS)) customElements.define(name, element);

// The pickers read the names when they open: getters follow the user's language.
const card = (
  name: "profile" | "heatmap" | "history" | "series" | "house" | "consumers" | "contract",
  getEntitySuggestion: ListedCard["getEntitySuggestion"],
): ListedCard => ({
  type: `py-hab-${name}-card`, preview: true, getEntitySuggestion,
  get name() { return spoken()[`${name}_card`]; },
  get description() { return spoken()[`${name}_about`]; },
});
const none = (): null => null;
(window.customCards ??= []).push(
  card("profile", profileSuggestion), card("heatmap", heatmapSuggestion), card("history", historySuggestion),
  card("series", seriesSuggestion), card("house", none), card("consumers", none),
  card("contract", contractSuggestion),
);
(window.customStrategies ??= []).push({
  type: "py-hab", strategyType: "dashboard",
  get name() { return spoken().title; }, get description() { return spoken().about; },
});
