/**
 * Link filters and vote, and nothing else: no joint estimate, no steering, no publication. A tenth of the cost of a whole
 * ensemble, for what needs simulated years: how often honest sources are called liars.
 */
import type { ClockEnsemble, Decision, EnsembleConfig, LinkDescription } from "../ensemble/contract.js";
import type { LinkId, Measurement } from "../ensemble/measurement.js";
import { SourceLink } from "../ensemble/source-link.js";
import { SourceVote } from "../ensemble/vote/source-vote.js";
import { collectVoters } from "../ensemble/voters.js";
import type { Raw } from "../time/units.js";

const nothing: Decision = { commands: [], steps: [], publication: null };

export class VoteAlone implements ClockEnsemble {
  readonly vote = new SourceVote();
  private readonly links = new Map<LinkId, SourceLink>();
  private readonly generations = new Map<LinkId, number>();
  private now: Raw;
  private lastTick: Raw = Number.NEGATIVE_INFINITY;

  constructor(config: EnsembleConfig, raw: Raw) {
    this.now = raw;
    this.configure(config);
  }

  configure({ links, maxDrift }: EnsembleConfig): void {
    for (const link of links) this.links.set(link.id, new SourceLink(link, maxDrift));
  }

  observe(measurement: Measurement): void {
    const link = this.links.get(measurement.link);
    if (link?.observe(measurement, Math.max(this.now, measurement.at)) !== true) return;
    if (this.generations.get(link.config.id) === link.generation) return;
    this.generations.set(link.config.id, link.generation);
    this.vote.restart(link.config.id);
  }

  steered(): void {}

  sense(): void {}

  share(): void {}

  advance(raw: Raw): Decision {
    this.now = Math.max(this.now, raw);
    if (this.now - this.lastTick < 1) return nothing;
    this.lastTick = this.now;
    const speaking = [...this.links.values()].filter((link) => !link.isSilent(this.now) && !link.isDisqualified);
    this.vote.tick(
      this.now,
      collectVoters(speaking, this.now, [], () => null),
    );
    return nothing;
  }

  deadline(): Raw {
    return this.now + 1;
  }

  patience(): number {
    return 0;
  }

  remember(): null {
    return null;
  }

  recall(): void {}

  describeLinks(): readonly LinkDescription[] {
    return [];
  }

  describeStability(): null {
    return null;
  }
}
