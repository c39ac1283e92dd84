// Defines the elements and lists them in Home Assistant's pickers.
import type { Hass } from "./hass";
import { HeatmapCard, heatmapSuggestion } from "./heatmap-card";
import { ProfileCard, profileSuggestion } from "./profile-card";
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

customElements.define("py-hab-profile-card", ProfileCard);
customElements.define("py-hab-heatmap-card", HeatmapCard);
customElements.define("ll-strategy-dashboard-py-hab", DashboardStrategy);
customElements.define("ll-strategy-view-py-hab", ViewStrategy);

// The pickers read the names when they open: getters follow the user's language.
(window.customCards ??= []).push(
  {
    type: "py-hab-profile-card", preview: true, getEntitySuggestion: profileSuggestion,
    get name() { return spoken().profile; }, get description() { return spoken().profile_about; },
  },
  {
    type: "py-hab-heatmap-card", preview: true, getEntitySuggestion: heatmapSuggestion,
    get name() { return spoken().heatmap; }, get description() { return spoken().heatmap_about; },
  },
);
(window.customStrategies ??= []).push({
  type: "py-hab", strategyType: "dashboard",
  get name() { return spoken().title; }, get description() { return spoken().about; },
});
