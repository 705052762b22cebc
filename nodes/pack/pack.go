package pack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
)

// Set is the packs of a program.
type Set struct{ packs []*pack }

// Close ends the programs that run.
func (s *Set) Close() error {
	for _, p := range s.packs {
		p.mu.Lock()
		p.end()
		p.mu.Unlock()
	}
	return nil
}

// pack is one folder.
type pack struct {
	name, dir string
	manifest  manifest

	mu      sync.Mutex // held while a request runs
	running *process
	life    int // counts starts: handles of an earlier one are gone
	last    int64

	freeing sync.Mutex
	freed   []freed // handles that nobody holds any more
}

// freed is a value in a program that nobody holds any more.
type freed struct {
	life int
	id   string
}

// Find makes the classes of every folder in dir that has a manifest. What their programs say of themselves is kept in cache. classes is what
// there is without them; a pack that cannot be used, or whose classes are there already, is a problem and keeps only itself out.
func Find(ctx context.Context, dir, cache string, classes *graph.Registry) (*graph.Registry, *Set, []error) {
	set := &Set{}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return classes, set, nil
	}
	if err != nil {
		return classes, set, []error{fmt.Errorf("node packs: %w", err)}
	}
	var problems []error
	for _, e := range entries {
		p := &pack{name: e.Name(), dir: filepath.Join(dir, e.Name())}
		if _, err := os.Stat(filepath.Join(p.dir, manifestName)); err != nil {
			continue // ComfyUI's own, which need Python's ComfyUI
		}
		more, err := p.classes(ctx, filepath.Join(cache, p.name+".json"), classes)
		if err != nil {
			problems = append(problems, fmt.Errorf("node pack %s: %w", p.dir, err))
			p.end()
			continue
		}
		classes = more
		set.packs = append(set.packs, p)
	}
	return classes, set, problems
}

// classes adds the classes of a pack.
func (p *pack) classes(ctx context.Context, cache string, classes *graph.Registry) (_ *graph.Registry, err error) {
	if p.dir, err = filepath.Abs(p.dir); err != nil {
		return nil, err
	}
	if p.manifest, err = readManifest(p.dir); err != nil {
		return nil, err
	}
	text, err := p.schema(ctx, cache)
	if err != nil {
		return nil, err
	}
	described, err := ojson.ParseObject(text, ojson.Limits{})
	if err != nil {
		return nil, fmt.Errorf("its description of nodes: %w", err)
	}
	var list []graph.Declaration
	for name, v := range described.All() {
		info, ok := v.(*ojson.Object)
		if !ok {
			return nil, fmt.Errorf("class %s: its description is %s; an object is needed", name, ojson.Kind(v))
		}
		d, err := p.class(name, info)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return classes.With(list...)
}

// kept is a schema on disk.
type kept struct {
	Fingerprint string          `json:"fingerprint"`
	Nodes       json.RawMessage `json:"nodes"`
}

// schema is what nodes the pack has: as kept, or asked.
func (p *pack) schema(ctx context.Context, cache string) ([]byte, error) {
	now, err := fingerprint(p.dir)
	if err != nil {
		return nil, err
	}
	var k kept
	if text, err := os.ReadFile(cache); err == nil && json.Unmarshal(text, &k) == nil && k.Fingerprint == now {
		return k.Nodes, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.run(ctx); err != nil {
		return nil, err
	}
	if p.running.nodes == nil {
		return nil, errors.New("it describes no nodes")
	}
	text, err := json.Marshal(kept{now, p.running.nodes})
	if err == nil {
		if err = os.MkdirAll(filepath.Dir(cache), 0o777); err == nil {
			_ = os.WriteFile(cache, text, 0o666) // or it is asked again the next time
		}
	}
	return p.running.nodes, nil
}

// run starts the program if it does not run; p.mu is held.
func (p *pack) run(ctx context.Context) error {
	if p.running != nil {
		select {
		case <-p.running.ended:
			p.running = nil
		default:
			return nil
		}
	}
	started, err := start(p.name, p.dir, p.manifest)
	if err != nil {
		return err
	}
	err = started.send(message{Type: "hello", Protocol: protocol})
	var m message
	if err == nil {
		m, err = started.answer(ctx, 0, func(message) {})
	}
	switch {
	case err != nil:
	case m.Type == "error":
		err = errors.New(m.Message)
	case m.Type != "schema":
		err = fmt.Errorf("it answers %q to hello; a schema is needed", m.Type)
	case m.Protocol != protocol:
		err = fmt.Errorf("it speaks protocol %d and this oneactor %d", m.Protocol, protocol)
	}
	if err != nil {
		started.kill()
		<-started.ended
		return err
	}
	started.nodes = m.Nodes
	p.running = started
	p.life++
	return nil
}

// end stops the program; p.mu is held, or nobody else knows the pack.
func (p *pack) end() {
	if p.running != nil {
		p.running.stop()
		p.running = nil
	}
}

// request sends the message that build makes once the program runs, and waits for its answer; life is that of the program.
func (p *pack) request(ctx context.Context, build func(life int) (message, error), on func(message)) (answer message, life int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.run(ctx); err != nil {
		return message{}, 0, err
	}
	m, err := build(p.life)
	if err != nil {
		return message{}, 0, err
	}
	if freed := p.takeFreed(p.life); len(freed) > 0 {
		if err := p.running.send(message{Type: "free", Handles: freed}); err != nil {
			return message{}, 0, err
		}
	}
	p.last++
	m.ID = p.last
	if err := p.running.send(m); err != nil {
		return message{}, 0, err
	}
	answer, err = p.running.answer(ctx, m.ID, on)
	if err == nil && answer.Type == "error" {
		err = &nodeError{answer.Message, answer.Input}
	}
	return answer, p.life, err
}

// nodeError is what a node of a pack says is wrong.
type nodeError struct{ message, input string }

func (e *nodeError) Error() string {
	if e.input != "" {
		return "input " + e.input + ": " + e.message
	}
	return e.message
}
