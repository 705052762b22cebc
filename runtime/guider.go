package runtime

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/oneactor/oneactor/runtime/sampling"
)

// Guider is a model with the prompts that guide it and the way their predictions are mixed.
type Guider struct {
	model    Model
	branches []Conditioning // in the order of the formula
	formula  formula
}

// Socket is the wire type.
func (Guider) Socket() string { return "GUIDER" }

// Bytes is the memory held by patches and prompts.
func (g Guider) Bytes() int64 { return g.model.Bytes() + slices.Concat(g.branches...).Bytes() }

// NewCFGGuider guides away from the negative prompt: U + (C-U)·scale.
func NewCFGGuider(m Model, positive, negative Conditioning, scale float64) Guider {
	return Guider{m, []Conditioning{positive, negative}, classifierFree{scale}}
}

// NewBasicGuider follows one prompt without guidance.
func NewBasicGuider(m Model, c Conditioning) Guider { return NewCFGGuider(m, c, nil, 1) }

// NewDualCFGGuider guides by two prompts: U + (C2-U)·second + (C1-C2)·first, or U + (C2 + (C1-C2)·first - U)·second where nested.
func NewDualCFGGuider(m Model, c1, c2, negative Conditioning, first, second float64, nested bool) Guider {
	return Guider{m, []Conditioning{c1, c2, negative}, dual{first, second, nested}}
}

// NewPerpNegGuider subtracts only what of the negative prompt is perpendicular to the positive one, both seen from an empty prompt.
func NewPerpNegGuider(m Model, positive, negative, empty Conditioning, cfg, scale float64) Guider {
	return Guider{m, []Conditioning{positive, negative, empty}, perpendicular{cfg, scale}}
}

// check says why the guider cannot run, and warns of what works less well.
func (g Guider) check(warn func(string)) error {
	if err := g.model.check(); err != nil {
		return err
	}
	if len(g.branches[0]) == 0 {
		return errors.New("the positive conditioning has no entry: encode a prompt for it")
	}
	if len(g.model.clusters) > 0 && len(g.branches[g.formula.null()]) == 0 {
		return errors.New("cluster guidance needs a negative prompt to start from (it may be empty): use CFGGuider or ClusterGuider instead of BasicGuider")
	}
	all := append(slices.Concat(g.branches...), g.model.hookPrompts()...)
	for _, c := range g.model.clusters {
		all = append(all, c.average...)
	}
	return g.model.checkActors(all, warn)
}

// errNoNegative is returned where only the positive prompt is there and something needs both.
var errNoNegative = errors.New("it needs the prediction for a negative prompt, and this guider has none: use CFGGuider with one (it may be empty) instead of BasicGuider")

// checkNegative says why a sampler or a patch of the model cannot work with the prompts of the guider.
func (g Guider) checkNegative(s sampling.Sampler) error {
	if len(g.branches) > 1 && len(g.branches[g.formula.roles()[negative]]) > 0 {
		return nil
	}
	if s != nil && s.NeedsUncond() {
		return fmt.Errorf("the sampler keeps the noise of the unguided prediction (cfg++): %w", errNoNegative)
	}
	for _, h := range g.model.hooks {
		if h.begin().uncond {
			return fmt.Errorf("a guidance patch of the model works on the negative side: %w", errNoNegative)
		}
	}
	return nil
}

// checkActors refuses actors of another family of models and warns once of each that comes from another checkpoint.
func (m Model) checkActors(all Conditioning, warn func(string)) error {
	warned := map[string]bool{}
	identity := sync.OnceValues(m.Identity)
	for _, c := range all {
		for _, s := range c.Shifts {
			if s.Model == (Identity{}) {
				continue
			}
			own, err := identity()
			switch {
			case err != nil:
				return err
			case s.Model.Family != own.Family:
				return fmt.Errorf("actor %s (%q) was tuned on a model of the family %s, and the one that samples is of the family %s: tune it on this model, or load one of its family",
					s.Actor, s.Word, s.Model.Family, own.Family)
			case s.Model.Fingerprint != own.Fingerprint && !warned[s.Actor]:
				warned[s.Actor] = true
				text := fmt.Sprintf("actor %s (%q) was tuned on another checkpoint of the family %s: the likeness may be weaker", s.Actor, s.Word, own.Family)
				slog.Warn(text)
				if warn != nil {
					warn(text)
				}
			}
		}
	}
	return nil
}
