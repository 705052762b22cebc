package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/oneactor/oneactor/runtime/score"
)

// outcome is what one setting gave for one target.
type outcome struct {
	Target  string `json:"target"`
	Scores  score.Scores
	Tuning  times `json:"tuning"`      // of the whole training; zero where there is none
	Picture times `json:"per_picture"` // sampling and decoding
	Note    string
}

// actorLine is a line of the table: one setting over all targets.
type actorLine struct {
	Row      string    `json:"row"`
	Title    string    `json:"title"`
	Outcomes []outcome `json:"targets"`
	Note     string    `json:"note,omitempty"`
}

// actorReport is what RunActor measured.
type actorReport struct {
	Settings string      `json:"settings"`
	Targets  []string    `json:"targets"`
	Lines    []actorLine `json:"lines"`
}

var actorColumns = []string{"", "identity", "all four", "to target", "species", "scene", "RGB", "tuning s", "(CPU)", "s/picture", "(CPU)"}

func (r actorReport) printHead(out io.Writer) {
	fmt.Fprintf(out, "%s\n\n| %s |\n|---%s|\n", r.Settings, strings.Join(actorColumns, " | "), strings.Repeat("|---:", len(actorColumns)-1))
}

func (r actorReport) printFoot(out io.Writer) {
	fmt.Fprintf(out, "\nTargets: %s\n", strings.Join(r.Targets, "; "))
	for _, l := range r.Lines {
		if l.Note != "" {
			fmt.Fprintf(out, "%s: %s\n", l.Title, l.Note)
		}
	}
}

func (l actorLine) print(out io.Writer) {
	var scores []score.Scores
	var tuning, picture times
	for _, o := range l.Outcomes {
		n := float64(len(l.Outcomes))
		scores = append(scores, o.Scores)
		tuning.Wall, tuning.CPU = tuning.Wall+o.Tuning.Wall/n, tuning.CPU+o.Tuning.CPU/n
		picture.Wall, picture.CPU = picture.Wall+o.Picture.Wall/n, picture.CPU+o.Picture.CPU/n
	}
	m := score.Mean(scores)
	cells := []string{
		l.Title, figureCell(m.Identity, "%.2f"), figureCell(m.AllFour, "%.2f"), figureCell(m.ToTarget, "%.2f"), figureCell(m.Species, "%.2f"), figureCell(m.Scene, "%.2f"),
		figureCell(m.RGB, "%.0f"), timeCell(tuning.Wall, "%.1f"), timeCell(tuning.CPU, "%.1f"), timeCell(picture.Wall, "%.2f"), timeCell(picture.CPU, "%.2f"),
	}
	fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
}

func figureCell(v float64, format string) string {
	if math.IsNaN(v) {
		return "–"
	}
	return fmt.Sprintf(format, v)
}

func timeCell(seconds float64, format string) string {
	if seconds == 0 {
		return "–"
	}
	return fmt.Sprintf(format, seconds)
}

// MarshalJSON leaves out what was not measured: JSON has no NaN.
func (o outcome) MarshalJSON() ([]byte, error) {
	figures := map[string]float64{}
	for name, v := range map[string]float64{
		"identity": o.Scores.Identity, "all_four": o.Scores.AllFour, "to_target": o.Scores.ToTarget, "species": o.Scores.Species,
		"scene": o.Scores.Scene, "rgb": o.Scores.RGB, "fit": o.Scores.Fit,
	} {
		if !math.IsNaN(v) {
			figures[name] = math.Round(v*1e4) / 1e4
		}
	}
	return json.Marshal(struct {
		Target  string             `json:"target"`
		Scores  map[string]float64 `json:"scores"`
		Tuning  times              `json:"tuning_seconds"`
		Picture times              `json:"seconds_per_picture"`
		Note    string             `json:"note,omitempty"`
	}{o.Target, figures, o.Tuning, o.Picture, o.Note})
}

// save writes the results as JSON; an empty path is none.
func (r actorReport) save(path string) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return fmt.Errorf("bench actor: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("bench actor: %w", err)
	}
	return nil
}
