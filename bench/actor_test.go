package bench

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/folder"
	"github.com/oneactor/oneactor/runtime/ort/ortest"
	"github.com/oneactor/oneactor/runtime/runtimetest"
	"github.com/oneactor/oneactor/runtime/score"
)

func TestActorRowNames(t *testing.T) {
	rows, err := chosenRows([]string{"v0.4", "plain"})
	if err != nil || len(rows) != 2 || rows[0].name != "plain" {
		t.Errorf("rows %v, error %v; want plain and v0.4 in the table's order", rows, err)
	}
	if _, err := chosenRows([]string{"oneactress"}); err == nil || !strings.Contains(err.Error(), "oneactor,") {
		t.Errorf("error %v; want the known names", err)
	}
	seen := map[string]bool{}
	for _, name := range ActorRows() {
		if seen[name] {
			t.Errorf("two rows are called %s", name)
		}
		seen[name] = true
	}
}

func TestActorReport(t *testing.T) {
	nan := math.NaN()
	r := actorReport{Settings: "settings", Targets: []string{"robot:1"}, Lines: []actorLine{{Row: "two", Title: "two", Note: "a note", Outcomes: []outcome{
		{Target: "robot:1", Scores: score.Scores{Identity: 0.5, AllFour: nan, RGB: 10, Scene: 1}, Picture: times{CPU: 1, Wall: 2}},
		{Target: "cat:2", Scores: score.Scores{Identity: 1, AllFour: nan, RGB: 20, Scene: nan}, Picture: times{CPU: 3, Wall: 4}},
	}}}}
	var out strings.Builder
	r.printHead(&out)
	r.Lines[0].print(&out)
	r.printFoot(&out)
	if want := "| two | 0.75 | – | 0.00 | 0.00 | 1.00 | 15 | – | – | 3.00 | 2.00 |\n"; !strings.Contains(out.String(), want) || !strings.Contains(out.String(), "two: a note") {
		t.Errorf("%s\nwant the line %s", out.String(), want)
	}
	path := filepath.Join(t.TempDir(), "report.json")
	if err := r.save(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		Lines []struct {
			Targets []struct{ Scores map[string]float64 }
		}
	}
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if s := back.Lines[0].Targets[0].Scores; s["identity"] != 0.5 || len(s) != 6 {
		t.Errorf("scores %v; want identity 0.5 and no all_four", s)
	}
}

func TestRunActor(t *testing.T) {
	ortest.Setup(t)
	rt := runtimetest.New(t, folder.Config{Base: "..", Output: t.TempDir(), Temp: t.TempDir(), User: t.TempDir()}, runtime.Config{})
	var out strings.Builder
	if err := RunActor(t.Context(), rt, ActorOptions{Targets: []string{"cat:2"}, Steps: 1, Only: []string{"plain", "no-auxiliary"}}, &out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n| "); n != 3 || !strings.Contains(out.String(), "| tuned without auxiliary pictures | ") {
		t.Errorf("%d lines in the table, want the head and two:\n%s", n, out.String())
	}
	for _, target := range []string{"dragon:1", "cat", "cat:x"} {
		if err := RunActor(t.Context(), rt, ActorOptions{Targets: []string{target}}, &out); err == nil {
			t.Errorf("target %s: no error", target)
		}
	}
}
