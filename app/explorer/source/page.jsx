// The page: GraphiQL with its explorer, asking the server that it came from.
import { createRoot } from "react-dom/client";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./page.css";

const WORKERS = { graphql: "graphql.worker.js", json: "json.worker.js" };

globalThis.MonacoEnvironment = {
  getWorker(_, label) {
    return new Worker(new URL(WORKERS[label] ?? "editor.worker.js", import.meta.url), { type: "module" });
  },
};

// Relative, so that the page works at any host, port and prefix.
const url = new URL("graphql", document.baseURI).href;
const fetcher = createGraphiQLFetcher({ url, subscriptionUrl: url.replace(/^http/, "ws") });
const plugins = [HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })];
const examples = JSON.parse(document.getElementById("examples").textContent);

createRoot(document.getElementById("graphiql")).render(
  <GraphiQL fetcher={fetcher} plugins={plugins} defaultTabs={examples}>
    <GraphiQL.Logo>wikibase-graph</GraphiQL.Logo>
  </GraphiQL>,
);
