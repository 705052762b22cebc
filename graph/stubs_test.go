package graph

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/oneactor/oneactor/graph/ojson"
)

// Stub nodes note that they ran; tests assert who did.

type traceKey struct{}

type trace struct {
	mu  sync.Mutex
	ran []string
}

func note(ctx context.Context) {
	t, _ := ctx.Value(traceKey{}).(*trace)
	if t != nil {
		t.mu.Lock()
		t.ran = append(t.ran, NodeID(ctx))
		t.mu.Unlock()
	}
}

// picture is a socket value of a known size.
type picture struct {
	name string
	size int64
}

func (picture) Socket() string { return "IMAGE" }

func (p picture) Bytes() int64 { return p.size }

type stubLoad struct {
	_    Meta   `class:"Load" category:"test"`
	Name string `choices:"files"`
	Size int    `optional:"true" default:"0" min:"0"`
}

func (n stubLoad) Run(ctx context.Context) (picture, error) {
	note(ctx)
	return picture{n.Name, int64(n.Size)}, nil
}

type stubJoin struct {
	_ Meta `class:"Join" category:"test"`
	A picture
	B *picture `optional:"true"`
}

func (n stubJoin) Run(ctx context.Context) (picture, error) {
	note(ctx)
	name := n.A.name
	if n.B != nil {
		name = "(" + name + "+" + n.B.name + ")"
	}
	return picture{name: name}, nil
}

type stubSave struct {
	_     Meta `class:"Save" category:"test" output:"true"`
	Image picture
	Name  string `in:"filename_prefix" default:"out"`
}

func (n stubSave) Run(ctx context.Context) (UI, error) {
	note(ctx)
	return UI{"images": {map[string]any{"filename": n.Name + "_" + n.Image.name}}}, nil
}

type stubSink struct {
	_   Meta `class:"Sink" category:"test" output:"true"`
	Any any  `in:"any"`
}

func (n stubSink) Run(ctx context.Context) error {
	note(ctx)
	return nil
}

type stubNumbers struct {
	_    Meta   `class:"Numbers" category:"test"`
	Text string `default:"1 2"`
}

func (n stubNumbers) Run(ctx context.Context) (List[int], error) {
	note(ctx)
	var list List[int]
	for _, word := range strings.Fields(n.Text) {
		var i int
		fmt.Sscan(word, &i)
		list = append(list, i)
	}
	return list, nil
}

type stubAdd struct {
	_ Meta    `class:"Add" category:"test"`
	A int     `default:"0"`
	B float64 `default:"0.0" min:"-10.0" max:"10.0"`
}

func (n stubAdd) Run(ctx context.Context) (float64, error) {
	note(ctx)
	return float64(n.A) + n.B, nil
}

type stubShow struct {
	_     Meta `class:"Show" category:"test" output:"true"`
	Value any
}

func (n stubShow) Run(ctx context.Context) (UI, error) {
	note(ctx)
	return UI{"text": {fmt.Sprint(n.Value)}}, nil
}

// stubSum takes whole lists in one call.
type stubSum struct {
	_      Meta `class:"Sum" category:"test" list:"true"`
	Values []int
	Plus   []int `optional:"true"`
}

func (n stubSum) Run(ctx context.Context) (int, error) {
	note(ctx)
	sum := 0
	for _, v := range append(n.Values, n.Plus...) {
		sum += v
	}
	return sum, nil
}

// stubFail does what it is told.
type stubFail struct {
	_    Meta   `class:"Fail" category:"test"`
	How  string `enum:"error|panic|index|block|silent|cancel|wait|none"`
	Pass any    `optional:"true"`
}

var errStub = errors.New("out of luck")

type stopKey struct{}

func (n stubFail) Run(ctx context.Context) (any, error) {
	note(ctx)
	switch n.How {
	case "error":
		return nil, errStub
	case "panic":
		panic("no way")
	case "index":
		var none []any
		return none[len(n.How)], nil
	case "block":
		return nil, Block("not today")
	case "silent":
		return nil, Block("")
	case "cancel":
		ctx.Value(stopKey{}).(context.CancelFunc)()
	case "wait":
		ctx.Value(stopKey{}).(context.CancelFunc)()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return n.Pass, nil
}

type stubSwitch struct {
	_    Meta     `class:"Switch" category:"test"`
	Left bool     `default:"true"`
	A    *picture `lazy:"true"`
	B    *picture `lazy:"true"`
}

func (n stubSwitch) Needs(ctx context.Context) []string {
	if n.Left {
		return []string{"a"}
	}
	return []string{"b"}
}

func (n stubSwitch) Run(ctx context.Context) (picture, error) {
	note(ctx)
	if n.Left {
		return *n.A, nil
	}
	return *n.B, nil
}

// stubSplit has two outputs, of which the second may be blocked.
type stubSplit struct {
	_     Meta `class:"Split" category:"test"`
	Image picture
	Block bool   `default:"false"`
	Why   string `default:""`
}

type splitResult struct {
	Left  picture        `out:"left"`
	Right Maybe[picture] `out:"right"`
}

func (n stubSplit) Run(ctx context.Context) (splitResult, error) {
	note(ctx)
	if n.Block {
		return splitResult{n.Image, Blocked[picture](n.Why)}, nil
	}
	return splitResult{n.Image, Some(n.Image)}, nil
}

// stubClock changes by itself.
type stubClock struct {
	_     Meta   `class:"Clock" category:"test"`
	Stamp string `default:"x"`
}

func (n stubClock) Fingerprint(ctx context.Context) (string, error) {
	if n.Stamp == "never" {
		return "", errors.New("no clock")
	}
	return "v" + n.Stamp, nil
}

func (n stubClock) Run(ctx context.Context) (picture, error) {
	note(ctx)
	return picture{name: n.Stamp}, nil
}

type stubVolatile struct {
	_ Meta `class:"Volatile" category:"test" volatile:"true"`
}

func (n stubVolatile) Run(ctx context.Context) (picture, error) {
	note(ctx)
	return picture{name: "v"}, nil
}

type stubWho struct {
	_  Meta `class:"Who" category:"test"`
	ID UniqueID
}

func (n stubWho) Run(ctx context.Context) (string, error) {
	note(ctx)
	return string(n.ID), nil
}

// stubChecked validates its own name.
type stubChecked struct {
	_     Meta   `class:"Checked" category:"test"`
	Image string `choices:"files" check:"self"`
	Level int    `default:"1" min:"0" max:"5"`
}

func (n stubChecked) Check(context.Context) error {
	if !strings.HasSuffix(n.Image, ".png") {
		return fmt.Errorf("Invalid image file: %s", n.Image)
	}
	return nil
}

func (n stubChecked) Run(ctx context.Context) (picture, error) {
	note(ctx)
	return picture{name: n.Image}, nil
}

// stubMeta reads everything hidden, and counts its runs.
type stubMeta struct {
	_      Meta `class:"Hidden" category:"test" output:"true"`
	Prompt Prompt
	Extra  ExtraPNGInfo
	Runs   State[int]
	Nonce  int `default:"0"`
}

func (n stubMeta) Run(ctx context.Context) (UI, error) {
	note(ctx)
	*n.Runs.Value()++
	extra := ""
	for _, e := range n.Extra {
		extra += e.Key + "=" + e.JSON
	}
	return UI{"text": {string(n.Prompt), extra, *n.Runs.Value()}}, nil
}

// stubBar reports progress.
type stubBar struct {
	_     Meta `class:"Bar" category:"test"`
	Steps int  `default:"2" min:"0" max:"1000"`
}

func (n stubBar) Run(ctx context.Context) (picture, error) {
	note(ctx)
	for i := range n.Steps {
		Progress(ctx, i+1, n.Steps, fmt.Sprintf("preview %d", i+1))
	}
	SendText(ctx, "done")
	return picture{name: "bar"}, nil
}

// stubGrow expands into what its text says.
type stubGrow struct {
	_     Meta     `class:"Grow" category:"test"`
	Image *picture `optional:"true"`
	Graph string   `default:"{}"`
	From  string   `default:""`
	Slot  int      `default:"0"`
}

type growResult struct {
	Image  picture
	Expand *Expansion
	UI     UI
}

func (n stubGrow) Run(ctx context.Context) (growResult, error) {
	note(ctx)
	if n.From == "" {
		return growResult{Image: *n.Image}, nil
	}
	nodes, err := ojson.ParseObject([]byte(n.Graph), ojson.Limits{})
	if err != nil {
		return growResult{}, err
	}
	return growResult{Expand: &Expansion{Nodes: nodes, Result: []any{Link{n.From, n.Slot}}}}, nil
}

// stubMaybeGrow expands only for 1.
type stubMaybeGrow struct {
	_     Meta `class:"MaybeGrow" category:"test"`
	Which int
}

type maybeGrowResult struct {
	Value  int
	Expand *Expansion
}

func (n stubMaybeGrow) Run(ctx context.Context) (maybeGrowResult, error) {
	note(ctx)
	if n.Which != 1 {
		return maybeGrowResult{Value: n.Which}, nil
	}
	nodes := ojson.NewObject("x", ojson.NewObject("class_type", "Sum", "inputs", ojson.NewObject("values", 7)))
	return maybeGrowResult{Expand: &Expansion{Nodes: nodes, Result: []any{Link{"x", 0}}}}, nil
}

// stubNewer is a class of the newer shape.
type stubNewer struct {
	_    Meta   `class:"Newer" category:"test" v3:"true"`
	Mode string `enum:"a|b"`
	In   any    `in:"in" type:"INT,FLOAT" optional:"true"`
}

func (n stubNewer) Run(ctx context.Context) (string, error) {
	note(ctx)
	return n.Mode, nil
}

func stubRegistry(t testing.TB) *Registry {
	t.Helper()
	r, err := New(Declare[sampleNode](), Declare[stubLoad](), Declare[stubJoin](), Declare[stubSave](), Declare[stubSink](), Declare[stubNumbers](),
		Declare[stubAdd](), Declare[stubShow](), Declare[stubSum](), Declare[stubFail](), Declare[stubSwitch](), Declare[stubSplit](),
		Declare[stubClock](), Declare[stubVolatile](), Declare[stubWho](), Declare[stubChecked](), Declare[stubMeta](), Declare[stubBar](),
		Declare[stubGrow](), Declare[stubMaybeGrow](), Declare[stubNewer]())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// testEngine is an engine with a trace and the events of its last run.
type testEngine struct {
	*Engine
	t      testing.TB
	trace  *trace
	events []Event
}

func newTestEngine(t testing.TB, c Config) *testEngine {
	e := &testEngine{t: t, trace: &trace{}}
	if c.Choices == nil {
		c.Choices = func(key string) ([]string, error) {
			if key != "files" {
				return nil, fmt.Errorf("no list %q", key)
			}
			return []string{"a.png", "b.png", "c.png", "d.png"}, nil
		}
	}
	c.Bind = func(ctx context.Context) context.Context { return context.WithValue(ctx, traceKey{}, e.trace) }
	e.Engine = NewEngine(stubRegistry(t), c)
	return e
}

func parsePrompt(t testing.TB, text string) *ojson.Object {
	t.Helper()
	o, err := ojson.ParseObject([]byte(text), ojson.Limits{})
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return o
}

// run validates and runs a prompt; it returns the ids that ran, in order.
func (e *testEngine) run(text string) (ran string, result Result, err error) {
	e.t.Helper()
	prompt := parsePrompt(e.t, text)
	v := e.Validate(prompt, nil)
	if !v.OK() {
		e.t.Fatalf("refused: %v", v.Err())
	}
	return e.runPrompt(prompt, v.Outputs)
}

func (e *testEngine) runPrompt(prompt *ojson.Object, outputs []string) (ran string, result Result, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ctx = context.WithValue(ctx, stopKey{}, cancel)
	e.trace.ran, e.events = nil, nil
	result, err = e.Run(ctx, Request{PromptID: "p", Prompt: prompt, Outputs: outputs, ClientID: "c",
		ExtraData: ojson.NewObject("extra_pnginfo", ojson.NewObject("workflow", ojson.NewObject("id", int64(1))))},
		func(ev Event) { e.events = append(e.events, ev) })
	return strings.Join(e.trace.ran, " "), result, err
}

// names are the types of the events with the node they concern: "executing 3".
func (e *testEngine) names() []string {
	var list []string
	for _, ev := range e.events {
		name := ev.Type
		switch {
		case ev.Node.ID != "":
			name += " " + ev.Node.ID
		case ev.Data.Has("node"):
			name += " " + ev.Data.String("node")
		}
		list = append(list, name)
	}
	return list
}

// last returns the data of the last event of a type.
func (e *testEngine) last(kind string) *ojson.Object {
	for i := len(e.events) - 1; i >= 0; i-- {
		if e.events[i].Type == kind {
			return e.events[i].Data
		}
	}
	e.t.Fatalf("no %s event", kind)
	return nil
}

func jsonText(v any) string {
	data, err := ojson.Marshal(v, ojson.Compact)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// abc is a.png and b.png joined and saved.
const abc = `{
	"1": {"class_type": "Load", "inputs": {"name": "a.png"}},
	"2": {"class_type": "Load", "inputs": {"name": "b.png"}},
	"3": {"class_type": "Join", "inputs": {"a": ["1", 0], "b": ["2", 0]}},
	"4": {"class_type": "Save", "inputs": {"image": ["3", 0], "filename_prefix": "x"}}
}`
