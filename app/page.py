"""The page at `/graphql`: a box to type a query in, from this server alone, no script of any other host."""

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>wikibase-graph</title>
<style>
  :root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif }
  body { margin: 0; display: grid; grid-template-rows: auto 1fr; height: 100vh }
  header { padding: .6rem 1rem; display: flex; gap: 1rem; align-items: center; border-bottom: 1px solid #8886 }
  h1 { font-size: 1.1rem; margin: 0 }
  main { display: grid; grid-template-columns: 1fr 1fr; min-height: 0 }
  textarea, pre { font: 13px/1.5 ui-monospace, monospace; padding: 1rem; margin: 0; overflow: auto; border: 0;
    background: transparent; color: inherit; resize: none; outline: none }
  pre { border-left: 1px solid #8886; white-space: pre-wrap; overflow-wrap: anywhere }
  button { font: inherit; padding: .2rem .9rem }
  small { opacity: .7 }
</style>
<header><h1>wikibase-graph</h1><button id="run">Run</button><small>Ctrl+Enter runs the query</small></header>
<main>
<textarea id="query" spellcheck="false" aria-label="GraphQL query">{
  entity(id: "Q42") {
    id
    revisionId
    ... on Item { label(languageCode: "en") }
    propertyCounts { propertyId count }
    statements(properties: ["P31"]) { id hash rank json }
  }
}</textarea>
<pre id="answer" aria-live="polite"></pre>
</main>
<script>
  const query = document.getElementById("query"), answer = document.getElementById("answer");
  async function run() {
    const reply = await fetch("/graphql", {
      method: "POST",
      headers: {"content-type": "application/json"},
      body: JSON.stringify({query: query.value}),
    });
    answer.textContent = JSON.stringify(await reply.json(), null, 2);
  }
  document.getElementById("run").onclick = run;
  query.onkeydown = (key) => { if (key.ctrlKey && key.key === "Enter") run(); };
  run();
</script>
</html>
"""
