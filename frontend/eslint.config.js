// The strict rules that know the types, for sources and tests.
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules"] },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-console": "error",
      // Numbers and counts are what texts are made of here.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // Home Assistant's calls answer with what the caller knows that they answer.
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      // An element's class carries static members only where Home Assistant asks for them.
      "@typescript-eslint/no-extraneous-class": "off",
      // Lit's listeners are arrow functions that return whatever they call.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
);
