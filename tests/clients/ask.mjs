// Asks a server by one client library: where the changes are, an edit, and the change that the edit was.
// `node ask.mjs CLIENT ADDRESS` prints what came, as JSON.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createWsClient } from "graphql-ws";
import WebSocket from "ws";

// Which browsers have, and Apollo's link asks for; Node 20 has it not.
globalThis.WebSocket ??= WebSocket;

const POSITION = "query Where { changesPosition }";
const CREATE = `mutation Create($entity: Json!) {
  createEntity(input: { entity: $entity }) { __typename ... on Edited { entityId revisionId } }
}`;
const FOLLOW = `subscription Follow($from: String) {
  entityChanges(from: $from) { entityId revisionId changeType entity { __typename id } }
}`;
const WRONG = `subscription Wrong { entityChanges(from: "x") { entityId } }`;
const ITEM = { type: "item", labels: { en: { language: "en", value: "made by a client" } } };

const [name, address] = process.argv.slice(2);
const overSocket = () => createWsClient({ url: address.replace("http", "ws"), webSocketImpl: WebSocket, retryAttempts: 0 });

// Each gives: once(query, variables) to the data; first(subscription, variables) to the data of the first answer.
const clients = {
  "graphql-ws"() {
    const client = overSocket();
    return { once: (query, variables) => first(client.iterate({ query, variables })), first: (query, variables) => first(client.iterate({ query, variables })), end: () => client.dispose() };
  },
  "graphql-sse"() {
    const client = createSseClient({ url: `${address}/stream`, retryAttempts: 0 });
    return { once: (query, variables) => first(client.iterate({ query, variables })), first: (query, variables) => first(client.iterate({ query, variables })), end: () => client.dispose() };
  },
  apollo() {
    const socket = overSocket();
    const link = ApolloLink.split(
      ({ operationType }) => operationType === "subscription",
      new GraphQLWsLink(socket),
      new HttpLink({ uri: address }),
    );
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    return {
      once: async (query, variables) => {
        const document = gql(query);
        const { data } = query.startsWith("mutation")
          ? await client.mutate({ mutation: document, variables })
          : await client.query({ query: document, variables });
        return data;
      },
      first: (query, variables) =>
        new Promise((resolve, reject) => {
          const seen = client.subscribe({ query: gql(query), variables }).subscribe({
            next: ({ data, error }) => {
              if (error) reject(error);
              else resolve(data);
              setTimeout(() => seen.unsubscribe());
            },
            error: reject,
          });
        }),
      end: () => socket.dispose(),
    };
  },
  urql() {
    const socket = overSocket();
    const forwardSubscription = ({ query, variables }) => ({
      subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
    });
    const client = new Client({ url: address, preferGetMethod: false, exchanges: [fetchExchange, subscriptionExchange({ forwardSubscription })] });
    const checked = ({ data, error }) => {
      if (error) throw error;
      return data;
    };
    return {
      once: async (query, variables) =>
        checked(await (query.startsWith("mutation") ? client.mutation(query, variables) : client.query(query, variables)).toPromise()),
      first: (query, variables) =>
        new Promise((resolve, reject) => {
          const { unsubscribe } = client.subscription(query, variables).subscribe((result) => {
            try {
              resolve(checked(result));
            } catch (error) {
              reject(error);
            }
            setTimeout(() => unsubscribe());
          });
        }),
      end: () => socket.dispose(),
    };
  },
};

async function first(results) {
  for await (const { data, errors } of results) {
    if (errors) throw errors;
    return data;
  }
}

// Errors come as each client has them: a list, or something that has one.
function codes(error) {
  const errors = Array.isArray(error) ? error : (error.graphQLErrors ?? error.errors ?? [error]);
  return errors.map(({ extensions }) => extensions?.code);
}

const client = clients[name]();
const { changesPosition: from } = await client.once(POSITION, {});
const { createEntity: made } = await client.once(CREATE, { entity: ITEM });
const { entityChanges: heard } = await client.first(FOLLOW, { from });
const refused = await client.first(WRONG, {}).then(() => null, codes);
console.log(JSON.stringify({ made, heard, refused }));
await client.end();
process.exit(0);
