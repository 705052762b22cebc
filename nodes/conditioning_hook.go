package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func conditioningHookNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[ConditioningSetDefaultCombine](),
		graph.Declare[PairConditioningSetDefaultCombine](),
	}
}

// ConditioningSetDefaultCombine adds a prompt for what the masks and areas of another leave.
type ConditioningSetDefaultCombine struct {
	_ graph.Meta `category:"advanced/hooks/cond single" title:"Cond Set Default Combine" module:"comfy_extras.nodes_hooks" experimental:"true"`

	Cond        runtime.Conditioning
	CondDefault runtime.Conditioning `in:"cond_DEFAULT"`
	Hooks       any                  `optional:"true" type:"HOOKS"`
}

// Run marks the entries of CondDefault. No node here makes hooks.
func (n ConditioningSetDefaultCombine) Run(context.Context) (runtime.Conditioning, error) {
	return n.Cond.WithFallback(n.CondDefault), nil
}

// PairConditioningSetDefaultCombine does the same for both prompts.
type PairConditioningSetDefaultCombine struct {
	_ graph.Meta `category:"advanced/hooks/cond pair" title:"Cond Pair Set Default Combine" module:"comfy_extras.nodes_hooks" experimental:"true"`

	Positive        runtime.Conditioning
	Negative        runtime.Conditioning
	PositiveDefault runtime.Conditioning `in:"positive_DEFAULT"`
	NegativeDefault runtime.Conditioning `in:"negative_DEFAULT"`
	Hooks           any                  `optional:"true" type:"HOOKS"`
}

// Run marks the entries of the defaults. No node here makes hooks.
func (n PairConditioningSetDefaultCombine) Run(context.Context) (promptPair, error) {
	return promptPair{n.Positive.WithFallback(n.PositiveDefault), n.Negative.WithFallback(n.NegativeDefault)}, nil
}
