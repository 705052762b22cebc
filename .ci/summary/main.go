// Command summary reads `go test -json` and prints what a person wants to know: the output of what failed, every skipped test with
// its reason, golden fixtures that passed and that wait for a later step, and a last line "N passed, N failed, N skipped".
// It exits with 1 when anything failed or nothing ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// event is one line of `go test -json` (see `go doc test2json`).
type event struct {
	Action, Package, Test, Output, FailedBuild, ImportPath string
}

// result is one test, or one package where test is empty.
type result struct {
	pkg, test string
	action    string
	output    []string
	parent    bool // has subtests, which are counted instead
}

func main() {
	s, err := read(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		os.Exit(2)
	}
	if !s.print(os.Stdout) {
		os.Exit(1)
	}
}

type summary struct {
	results map[string]*result
	order   []string
	builds  map[string][]string // output of builds, by import path
}

func read(r io.Reader) (*summary, error) {
	s := &summary{results: map[string]*result{}, builds: map[string][]string{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text()) // what go itself says, outside any test
			continue
		}
		s.add(e)
	}
	return s, lines.Err()
}

func (s *summary) add(e event) {
	if e.Action == "build-output" {
		s.builds[e.ImportPath] = append(s.builds[e.ImportPath], e.Output)
		return
	}
	r := s.result(e.Package, e.Test)
	switch e.Action {
	case "output":
		r.output = append(r.output, e.Output)
	case "pass", "fail", "skip":
		r.action = e.Action
		if e.Test == "" && e.FailedBuild != "" {
			r.output = append(r.output, s.builds[e.FailedBuild]...)
		}
	}
	// Names of subtests may hold slashes of their own, so only what ran counts as a parent.
	for test := e.Test; strings.Contains(test, "/"); {
		test = test[:strings.LastIndex(test, "/")]
		if parent, ok := s.results[e.Package+"\x00"+test]; ok {
			parent.parent = true
		}
	}
}

func (s *summary) result(pkg, test string) *result {
	key := pkg + "\x00" + test
	r, ok := s.results[key]
	if !ok {
		r = &result{pkg: pkg, test: test}
		s.results[key] = r
		s.order = append(s.order, key)
	}
	return r
}

// print reports everything and says whether all is well.
func (s *summary) print(w io.Writer) bool {
	var passed, failed, golden int
	var skipped, waiting []string
	failedIn := map[string]bool{}
	for _, key := range s.order {
		r := s.results[key]
		if r.test == "" {
			continue
		}
		switch {
		case r.action == "skip" && !r.parent:
			if why := r.reason(); strings.HasPrefix(why, "waiting: ") {
				waiting = append(waiting, r.test+": "+strings.TrimPrefix(why, "waiting: "))
			} else {
				skipped = append(skipped, r.pkg+" "+r.test+": "+why)
			}
		case r.action == "pass" && !r.parent:
			passed++
			if strings.Contains(r.test, "Golden") {
				golden++
			}
		case r.action == "fail", r.action == "":
			failedIn[r.pkg] = true
			if !r.parent {
				failed++
			}
			fmt.Fprintf(w, "--- FAIL %s %s\n%s", r.pkg, r.test, strings.Join(r.output, ""))
		}
	}
	for _, key := range s.order {
		// A package that failed without a failed test did not build, or ended early.
		if r := s.results[key]; r.test == "" && r.action == "fail" && !failedIn[r.pkg] {
			failed++
			fmt.Fprintf(w, "--- FAIL %s\n%s", r.pkg, strings.Join(r.output, ""))
		}
	}
	list(w, "skipped", skipped)
	list(w, "golden fixtures waiting for a later step", waiting)
	fmt.Fprintf(w, "golden: %d passed, %d waiting\n", golden, len(waiting))
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", passed, failed, len(skipped)+len(waiting))
	return failed == 0 && passed > 0
}

// reason is the last line a skipped test printed, without its source position.
func (r *result) reason() string {
	for _, line := range slices.Backward(r.output) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "===") {
			continue
		}
		if _, rest, ok := strings.Cut(line, ".go:"); ok {
			if _, text, ok := strings.Cut(rest, ": "); ok {
				return text
			}
		}
		return line
	}
	return "no reason given"
}

func list(w io.Writer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "%s (%d):\n", title, len(lines))
	for _, l := range lines {
		fmt.Fprintln(w, "  "+l)
	}
}
