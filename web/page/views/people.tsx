// Accounts, what they may, how much they may have, and who did what.

import { useState } from "preact/hooks";
import { ask, path, V1 } from "../api/client";
import { propose } from "../app/proposal";
import { mayBan, mayHaveTokens } from "../app/rights";
import { everywhere, who } from "../app/session";
import { kinds, namespace } from "../app/world";
import { Age } from "../parts/basics";
import { useFetched } from "../parts/fetched";
import { Labelled, Options, RowForm } from "../parts/form";
import { Listed } from "../parts/listed";
import { Tabs } from "../parts/tabs";
import { size, text } from "../words";

export function People({ tab }: { tab: string }) {
  return (
    <main id="main">
      <h1>{everywhere("moderate") ? text.people : text.yourAccount}</h1>
      <Tabs
        base={["people"]}
        current={tab}
        tabs={[
          ["", text.accounts, () => <Accounts />],
          ["grants", text.grants, () => <Grants />],
          ["quotas", text.quotas, () => <Quotas />],
          ["tokens", text.tokens, () => <Tokens />],
          ["audit", text.audit, () => <Audit />],
        ]}
      />
    </main>
  );
}

interface Account {
  readonly name: string;
  readonly role: string;
  readonly created: string;
  readonly banned: string | null;
}

function Accounts() {
  const [again, setAgain] = useState(0);
  const { body, wrong } = useFetched<{ users: readonly Account[] }>(`${V1}/users`, again);
  const looked = () => setAgain(again + 1);
  const ban = (one: Account) =>
    propose({
      title: one.banned ? text.unban(one.name) : text.ban(one.name),
      verb: one.banned ? text.unbanVerb : text.banVerb,
      danger: !one.banned,
      steps: [
        {
          plural: "",
          name: one.name,
          says: one.banned ? text.unbanSays : text.banSays,
          act: () => ask("PATCH", path`/api/v1/users/${one.name}`, { body: { banned: !one.banned } }),
        },
      ],
      command: `homeostat user ${one.banned ? "unban" : "ban"} ${one.name}`,
      done: looked,
    });
  return (
    <>
      {everywhere("administer") && <NewAccount done={looked} />}
      <Listed
        label={text.accounts}
        rows={body?.users}
        wrong={wrong}
        id={(one) => one.name}
        columns={[
          [text.name, (one) => one.name],
          [text.role, (one) => one.role],
          [text.age, (one) => <Age since={one.created} />],
          [text.state, (one) => (one.banned ? <span class="tag bad">{text.banned}</span> : "")],
          [
            text.whatToDo,
            (one) =>
              mayBan(one) && (
                <button type="button" onClick={() => ban(one)}>
                  {one.banned ? text.unbanVerb : text.banVerb}
                </button>
              ),
          ],
        ]}
      />
    </>
  );
}

function NewAccount({ done }: { done: () => void }) {
  return (
    <RowForm
      verb={text.newAccount}
      done={done}
      send={(given) =>
        ask("POST", `${V1}/users`, {
          body: { name: given.get("name"), role: given.get("role"), password: given.get("password") || null },
        })
      }
    >
      <Labelled label={text.name}>
        <input name="name" required autocapitalize="none" spellcheck={false} autocomplete="off" />
      </Labelled>
      <Labelled label={text.role}>
        <select name="role">
          <option value="user">user</option>
          <option value="moderator">moderator</option>
          <option value="administrator">administrator</option>
        </select>
      </Labelled>
      <Labelled label={text.password}>
        <input name="password" type="password" autocomplete="new-password" />
      </Labelled>
    </RowForm>
  );
}

function NewGrant({ done }: { done: () => void }) {
  return (
    <RowForm
      verb={text.give}
      done={done}
      send={(given) =>
        ask("POST", `${V1}/grants`, {
          body: {
            account: given.get("account") || null,
            rights: given.getAll("rights"),
            namespace: namespace.value,
            kind: given.get("kind"),
            name: given.get("name"),
          },
        })
      }
    >
      <Labelled label={text.whoOrAll}>
        <input name="account" autocapitalize="none" spellcheck={false} autocomplete="off" />
      </Labelled>
      <Labelled label={text.rights}>
        <select name="rights" multiple size={3} required>
          <option value="see">see</option>
          <option value="change">change</option>
          <option value="copy">copy</option>
        </select>
      </Labelled>
      <Labelled label={text.kind}>
        <select name="kind">
          <option value="">{text.everyKind}</option>
          <Options of={kinds.value.map((one) => one.kind)} />
        </select>
      </Labelled>
      <Labelled label={text.nameOrAll}>
        <input name="name" autocapitalize="none" spellcheck={false} autocomplete="off" />
      </Labelled>
    </RowForm>
  );
}

const MEASURES = ["machines", "running", "vcpus", "memory", "disk", "snapshots", "uploads", "consoles"];

function NewQuota({ done }: { done: () => void }) {
  return (
    <RowForm
      verb={text.setQuota}
      done={done}
      send={(given) => {
        const limit = String(given.get("limit"));
        const measure = String(given.get("measure"));
        const body = { [measure]: limit === "" ? null : /^\d+$/.test(limit) ? Number(limit) : limit };
        return ask("PATCH", path`/api/v1/users/${String(given.get("account"))}/quota`, { body });
      }}
    >
      <Labelled label={text.who}>
        <input name="account" required autocapitalize="none" spellcheck={false} autocomplete="off" />
      </Labelled>
      <Labelled label={text.what}>
        <select name="measure">
          <Options of={MEASURES} />
        </select>
      </Labelled>
      <Labelled label={text.limitOrRole}>
        <input name="limit" autocomplete="off" />
      </Labelled>
    </RowForm>
  );
}

function NewToken({ done }: { done: () => void }) {
  const [made, setMade] = useState("");
  return (
    <>
      <RowForm
        verb={text.newToken}
        done={done}
        send={async (given) => {
          const days = Number(given.get("days"));
          const body = { name: given.get("name"), scopes: given.getAll("scopes"), lifetime: days ? days * 86_400 : null };
          setMade((await ask<{ token: string }>("POST", `${V1}/tokens`, { body })).body.token);
        }}
      >
        <Labelled label={text.name}>
          <input name="name" required autocapitalize="none" spellcheck={false} autocomplete="off" />
        </Labelled>
        <Labelled label={text.rights}>
          <select name="scopes" multiple size={3} required>
            <Options of={who.value?.rights ?? []} />
          </select>
        </Labelled>
        <Labelled label={text.days}>
          <input name="days" type="number" min="1" max="3650" />
        </Labelled>
      </RowForm>
      {made && (
        <p class="notice" role="status">
          {text.tokenOnce} <code>{made}</code>
        </p>
      )}
    </>
  );
}

interface Grant {
  readonly id: string;
  readonly account: string | null;
  readonly rights: readonly string[];
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

function Grants() {
  const [again, setAgain] = useState(0);
  const { body, wrong } = useFetched<{ grants: readonly Grant[] }>(`${V1}/grants`, again);
  const take = (one: Grant) =>
    propose({
      title: text.takeGrant(one.account ?? text.everybody),
      verb: text.takeBack,
      danger: true,
      steps: [
        {
          plural: "",
          name: one.id,
          says: text.takeGrantSays(one.rights.join(", ")),
          act: () => ask("DELETE", path`/api/v1/grants/${one.id}`),
        },
      ],
      command: `homeostat grant take ${one.id}`,
      done: () => setAgain(again + 1),
    });
  return (
    <>
      {everywhere("administer") && <NewGrant done={() => setAgain(again + 1)} />}
      <Listed
        label={text.grants}
        rows={body?.grants}
        wrong={wrong}
        id={(one) => one.id}
        columns={[
          [text.who, (one) => one.account ?? text.everybody],
          [text.rights, (one) => one.rights.join(", ")],
          [text.resource, (one) => [one.namespace, one.kind || text.everyKind, one.name || "*"].join(" / ")],
          [
            text.whatToDo,
            (one) =>
              everywhere("administer") && (
                <button type="button" onClick={() => take(one)}>
                  {text.takeBack}
                </button>
              ),
          ],
        ]}
      />
    </>
  );
}

interface AccountQuota {
  readonly account: string;
  readonly role: string;
  readonly quotas: Readonly<Record<string, { readonly used: number; readonly limit: number | null }>>;
}

const BYTES = new Set(["memory", "disk"]);

function Quotas() {
  const [again, setAgain] = useState(0);
  const { body, wrong } = useFetched<{ quotas: readonly AccountQuota[] }>(`${V1}/quotas`, again);
  const measures = [...new Set((body?.quotas ?? []).flatMap((one) => Object.keys(one.quotas)))];
  const amount = (measure: string, value: number) => (BYTES.has(measure) ? size(value) : String(value));
  return (
    <>
      {everywhere("administer") && <NewQuota done={() => setAgain(again + 1)} />}
      <Listed
        label={text.quotas}
        rows={body?.quotas}
        wrong={wrong}
        id={(one) => one.account}
        columns={[
          [text.name, (one) => one.account],
          ...measures.map((measure): readonly [string, (one: AccountQuota) => string] => [
            measure,
            (one) => {
              const quota = one.quotas[measure];
              return quota
                ? `${amount(measure, quota.used)} / ${quota.limit === null ? "∞" : amount(measure, quota.limit)}`
                : "–";
            },
          ]),
        ]}
      />
    </>
  );
}

interface Token {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expires: string | null;
  readonly last_used: string | null;
}

function Tokens() {
  const [again, setAgain] = useState(0);
  const { body, wrong } = useFetched<{ tokens: readonly Token[] }>(`${V1}/tokens`, again);
  const revoke = (one: Token) =>
    propose({
      title: text.revoke(one.name),
      verb: text.revokeVerb,
      danger: true,
      steps: [
        {
          plural: "",
          name: one.name,
          says: text.revokeSays,
          act: () => ask("DELETE", path`/api/v1/users/${one.account}/tokens/${one.id}`),
        },
      ],
      command: `homeostat token revoke ${one.id}`,
      done: () => setAgain(again + 1),
    });
  return (
    <>
      {who.value?.name && mayHaveTokens(who.value.name) && <NewToken done={() => setAgain(again + 1)} />}
      <Listed
        label={text.tokens}
        rows={body?.tokens}
        wrong={wrong}
        id={(one) => one.id}
        columns={[
          [text.name, (one) => one.name],
          [text.who, (one) => one.account],
          [text.rights, (one) => one.scopes.join(", ")],
          [text.until, (one) => one.expires ?? text.revoked],
          [text.lastUsed, (one) => <Age since={one.last_used ?? undefined} />],
          [
            text.whatToDo,
            (one) =>
              mayHaveTokens(one.account) && (
                <button type="button" onClick={() => revoke(one)}>
                  {text.revokeVerb}
                </button>
              ),
          ],
        ]}
      />
    </>
  );
}

interface AuditEntry {
  readonly id: number;
  readonly at: string;
  readonly how: string;
  readonly account: string | null;
  readonly author: string | null;
  readonly from: string | null;
  readonly verb: string;
  readonly kind: string;
  readonly name: string | null;
  readonly outcome: string;
  readonly message: string | null;
}

function Audit() {
  const { body, wrong } = useFetched<{ entries: readonly AuditEntry[] }>(`${V1}/audit`);
  return (
    <Listed
      label={text.audit}
      rows={body?.entries}
      wrong={wrong}
      id={(one) => one.id}
      columns={[
        [text.when, (one) => <Age since={one.at} />],
        [text.who, (one) => one.account ?? one.author ?? one.how],
        [text.what, (one) => `${one.verb} ${one.kind} ${one.name ?? ""}`],
        [text.outcome, (one) => <span class={one.outcome === "Refused" ? "tag bad" : "tag"}>{one.outcome}</span>],
        [text.message, (one) => one.message ?? ""],
        [text.where, (one) => one.from ?? ""],
      ]}
    />
  );
}
