package graph

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/oneactor/oneactor/graph/ojson"
)

type gateKey struct{}

// stubGate waits until it is let go.
type stubGate struct {
	_     Meta `class:"Gate" category:"test" output:"true"`
	Value int  `force:"true"`
}

func (n stubGate) Run(ctx context.Context) error {
	select {
	case <-ctx.Value(gateKey{}).(chan struct{}):
		return nil
	case <-time.After(20 * time.Second):
		return errors.New("nobody saw the node run")
	}
}

// A state that was held back is sent while the node is still at work, by the timer.
func TestHeldBackProgressIsSent(t *testing.T) {
	r, err := New(Declare[benchStart](), Declare[benchNext](), Declare[benchEnd](), Declare[stubGate]())
	if err != nil {
		t.Fatal(err)
	}
	gate := make(chan struct{})
	opened := false
	e := NewEngine(r, Config{Bind: func(ctx context.Context) context.Context { return context.WithValue(ctx, gateKey{}, gate) }})
	prompt := chain(2 * mergeAbove)
	prompt.Set("gate", node("Gate", "value", linkTo(2*mergeAbove-1)))
	_, err = e.Run(context.Background(), Request{Prompt: prompt, Outputs: []string{"gate"}}, func(ev Event) {
		if ev.Type == EventProgressState && !opened && ev.Data.Object("nodes").Object("gate").String("state") == "running" {
			opened = true
			close(gate)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// What a node says after its prompt has ended is not heard.
func TestLateProgress(t *testing.T) {
	said := 0
	m := newEmitter("p", "", func(Event) { said++ }, nil)
	m.close()
	c := &nodeCall{Context: context.Background(), run: &run{emitter: m}, at: &runNode{docNode: &docNode{id: "1"}}}
	c.progress(1, 2, "preview")
	c.text("hello")
	if said != 0 {
		t.Errorf("%d events after the end", said)
	}
	Progress(context.Background(), 1, 2, nil) // outside an engine: nothing
	SendText(context.Background(), "")
	if id := NodeID(context.Background()); id != "" {
		t.Errorf("node id %q outside an engine", id)
	}
}

func TestUIValues(t *testing.T) {
	type file struct {
		Name string `json:"filename"`
	}
	ui := UI{
		"b": {1, int64(2), uint64(3), 4.0, "five", true, nil},
		"a": {[]string{"x"}, []any{1}, map[string]any{"z": 1, "y": []any{}}, file{"p.png"}, ojson.NewObject("k", "v")},
		"c": {make(chan int)},
	}
	got := ui.object()
	got.Set("c", len(got.Array("c")))
	want := `{"a":[["x"],[1],{"y":[],"z":1},{"filename":"p.png"},{"k":"v"}],"b":[1,2,3,4.0,"five",true,null],"c":1}`
	if jsonText(got) != want {
		t.Errorf("\n got %s\nwant %s", jsonText(got), want)
	}
}

type shouter struct{ panics bool }

func (s shouter) String() string {
	if s.panics {
		panic("no")
	}
	return "HEY"
}

func TestShowItem(t *testing.T) {
	tests := map[string]struct{ item, want any }{
		"int":                 {5, int64(5)},
		"text":                {"x", "x"},
		"null":                {nil, nil},
		"list":                {[]any{"x", true}, "['x', True]"},
		"a stringer":          {shouter{}, "HEY"},
		"a panicking one":     {shouter{true}, "<graph.shouter>"},
		"a value of a socket": {picture{}, "<graph.picture>"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := showItem(tt.item); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
