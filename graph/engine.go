package graph

import (
	"context"
)

// Config is what an engine needs from outside; the zero value works.
type Config struct {
	// Choices lists the names behind the choices tags. Without it all these lists are empty.
	Choices Choices
	// CacheBytes bounds the memory held by cached results as their Sized values count it; 0 means a quarter of the memory of the
	// machine (or of its control group). Results that a running prompt still needs stay whatever the bound.
	CacheBytes int64
	// CacheResults is how many results of earlier prompts stay although the newest one has no such node, the last used ones (ComfyUI's --cache-lru);
	// 0 lets go of them as soon as a prompt without them starts (its classic policy). Both within CacheBytes.
	CacheResults int
	// Bind returns the context in which node methods run, such as one with the runtime they call. It is not asked more than
	// once per prompt.
	Bind func(ctx context.Context) context.Context
	// Events is told what happens in every prompt of the engine, beside the sink of the single run.
	Events Sink
}

// Engine validates and runs prompts. Its cache, node states and limits are its own: two engines in one process share only the
// registry. Its methods may be called from several goroutines; prompts run one after another.
type Engine struct {
	registry *Registry
	config   Config
	turn     chan struct{} // holds one token: the right to run
	cache    *cache
	states   map[stateKey]*nodeState
}

// NewEngine makes an engine for the classes of a registry.
func NewEngine(r *Registry, c Config) *Engine {
	e := &Engine{registry: r, config: c, turn: make(chan struct{}, 1), cache: newCache(c.CacheBytes, c.CacheResults), states: map[stateKey]*nodeState{}}
	e.turn <- struct{}{}
	return e
}

// Registry holds the classes that the engine knows.
func (e *Engine) Registry() *Registry { return e.registry }

func (e *Engine) bind(ctx context.Context) context.Context {
	if e.config.Bind == nil {
		return ctx
	}
	return e.config.Bind(ctx)
}
