/** Who gets what: the commit that is live, the rules, and the commits that the rules give. */

import { type Artefacts, type Document, readBundle } from "./bundle.js";
import { BundleError } from "./errors.js";
import { RuleError } from "./logic.js";
import { Prompt } from "./prompt.js";
import { type Context, type Decision, type Reason, Rules } from "./rules.js";
import { byCodePoints, isObject } from "./values.js";

export type Kind = "prompts" | "configs" | "adapters";

/**
 * The commit that a caller gets of an artefact. `variant` belongs in the log of the call: rule and variant, or empty when
 * no rule had a say.
 */
export interface Choice {
  readonly commit: string;
  readonly variant: string;
  readonly reason: Reason;
}

interface CommitRule {
  readonly key: string;
  readonly artefact: string;
  readonly order: number;
  readonly rollout: boolean;
}

/** What an environment serves, compiled. Read-only. */
export class Delivery {
  readonly commit: string;
  readonly hash: string;
  readonly rules: Rules;
  private readonly artefacts: ReadonlyMap<string, Artefacts>;
  private readonly commitRules: readonly CommitRule[];
  private readonly prompts = new Map<string, Prompt>();

  /** Throws BundleError for rules that cannot be read. */
  constructor(
    readonly document: Document,
    clock?: () => number,
  ) {
    this.commit = document.commit;
    this.hash = document.hash;
    this.artefacts = new Map([...Object.entries(document.commits ?? {}), [document.commit, document]]);
    this.commitRules = commitRules(document.rules);
    try {
      this.rules = new Rules(document.rules ?? { flags: {} }, clock);
    } catch (fault) {
      if (fault instanceof RuleError)
        throw new BundleError(`The bundle's rules cannot be read: ${fault.message}`);
      throw fault;
    }
  }

  /** Check a document's text and compile all of it. Rejects with BundleError. */
  static async load(text: string, clock?: () => number): Promise<Delivery> {
    const made = new Delivery(await readBundle(text), clock);
    for (const [commit, { prompts }] of made.artefacts) {
      for (const name of Object.keys(prompts)) await made.prompt(commit, name)?.sound();
    }
    return made;
  }

  /** The artefacts of a commit that was chosen. */
  at(commit: string): Artefacts {
    const found = this.artefacts.get(commit);
    if (!found) throw new BundleError(`The commit ${commit.slice(0, 10)} is not part of the bundle.`);
    return found;
  }

  /** A prompt at a commit; null when there is none. */
  prompt(commit: string, name: string): Prompt | null {
    const key = `${commit}/${name}`;
    const known = this.prompts.get(key);
    if (known) return known;
    const all = this.at(commit).prompts;
    const entry = Object.hasOwn(all, name) ? all[name] : undefined;
    if (!entry) return null;
    const made = new Prompt(name, entry, all);
    this.prompts.set(key, made);
    return made;
  }

  /** The keys of the rules that are flags for the app itself. */
  flags(): string[] {
    return this.rules.keys().filter((key) => !this.commitRules.some((rule) => rule.key === key));
  }

  /** What a flag gives for a context. Never throws; a rule that gives commits is no flag. */
  flag(key: string, context?: Context | null): Decision {
    if (this.commitRules.some((rule) => rule.key === key)) {
      const message = `The rule ${JSON.stringify(key)} gives commits; it is no flag.`;
      return { variant: null, value: null, reason: "ERROR", code: "FLAG_NOT_FOUND", message };
    }
    return this.rules.decide(key, context);
  }

  /**
   * The commit that a caller gets of an artefact. Never throws. The rules of this artefact are asked first, then those of
   * all artefacts, then the rollout. A rule that matches decides, also for what is live; one that falls to its default
   * passes on, unless the default is a commit.
   */
  choose(kind: Kind, name: string, context?: Context | null): Choice {
    const artefact = `${kind}/${name}`;
    for (const own of [artefact, ""]) {
      for (const rule of this.commitRules) {
        const said = rule.artefact === own ? this.said(rule, kind, name, context) : null;
        if (said) return said;
      }
    }
    return { commit: this.commit, variant: "", reason: "STATIC" };
  }

  private said(rule: CommitRule, kind: Kind, name: string, context?: Context | null): Choice | null {
    const { value, variant, reason } = this.rules.decide(rule.key, context);
    if (value === "live") {
      if (reason !== "TARGETING_MATCH" || (rule.rollout && variant === "outside")) return null;
      return { commit: this.commit, variant: `${rule.key}/${variant}`, reason };
    }
    const found = typeof value === "string" ? this.artefacts.get(value) : undefined;
    if (!found || !Object.hasOwn(found[kind], name)) return null;
    return { commit: value as string, variant: `${rule.key}/${variant}`, reason };
  }
}

function commitRules(document: Document["rules"]): CommitRule[] {
  const flags = document?.["flags"];
  const found: CommitRule[] = [];
  for (const [key, flag] of Object.entries(isObject(flags) ? flags : {})) {
    const metadata = isObject(flag) ? flag["metadata"] : null;
    if (
      !isObject(flag) ||
      !isObject(metadata) ||
      metadata["serves"] !== "commit" ||
      !isObject(flag["variants"])
    )
      continue;
    const { artefact, order } = metadata;
    found.push({
      key,
      artefact: typeof artefact === "string" ? artefact : "",
      order: typeof order === "number" ? order : 0,
      rollout: Object.hasOwn(metadata, "rollout"),
    });
  }
  return found.sort(
    (a, b) => Number(a.rollout) - Number(b.rollout) || a.order - b.order || byCodePoints(a.key, b.key),
  );
}
