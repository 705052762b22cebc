package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	tests := map[string]struct {
		lines []string
		last  string
		says  []string
		ok    bool
	}{
		"nothing ran": {last: "0 passed, 0 failed, 0 skipped"},
		"a test passed": {
			lines: []string{`{"Action":"pass","Package":"p","Test":"TestA"}`, `{"Action":"pass","Package":"p"}`},
			last:  "1 passed, 0 failed, 0 skipped", ok: true,
		},
		"subtests are counted, their parent is not": {
			lines: []string{`{"Action":"run","Package":"p","Test":"TestA"}`, `{"Action":"pass","Package":"p","Test":"TestA/x"}`,
				`{"Action":"fail","Package":"p","Test":"TestA/y/z"}`, `{"Action":"fail","Package":"p","Test":"TestA"}`},
			last: "1 passed, 1 failed, 0 skipped", says: []string{"--- FAIL p TestA/y/z"},
		},
		"output of what failed": {
			lines: []string{`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:7: got 3\n"}`, `{"Action":"fail","Package":"p","Test":"TestA"}`},
			last:  "0 passed, 1 failed, 0 skipped", says: []string{"a_test.go:7: got 3"},
		},
		"a skip with its reason": {
			lines: []string{`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:7: needs a GPU\n"}`, `{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}`,
				`{"Action":"skip","Package":"p","Test":"TestA"}`, `{"Action":"pass","Package":"p","Test":"TestB"}`},
			last: "1 passed, 0 failed, 1 skipped", says: []string{"skipped (1):", "p TestA: needs a GPU"}, ok: true,
		},
		"golden fixtures": {
			lines: []string{`{"Action":"pass","Package":"p","Test":"TestGoldenA/x"}`, `{"Action":"output","Package":"p","Test":"TestGoldenA/y","Output":"    a_test.go:7: waiting: needs SDXL\n"}`,
				`{"Action":"skip","Package":"p","Test":"TestGoldenA/y"}`},
			last: "1 passed, 0 failed, 1 skipped", says: []string{"golden: 1 passed, 1 waiting", "TestGoldenA/y: needs SDXL"}, ok: true,
		},
		"a package that does not build": {
			lines: []string{`{"ImportPath":"p [p.test]","Action":"build-output","Output":"./a.go:3: undefined: x\n"}`, `{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}`,
				`{"Action":"pass","Package":"q","Test":"TestA"}`},
			last: "1 passed, 1 failed, 0 skipped", says: []string{"--- FAIL p", "undefined: x"},
		},
		"a package that ended early": {
			lines: []string{`{"Action":"pass","Package":"p","Test":"TestA"}`, `{"Action":"run","Package":"p","Test":"TestB"}`,
				`{"Action":"output","Package":"p","Test":"TestB","Output":"panic: boom\n"}`, `{"Action":"fail","Package":"p"}`},
			last: "1 passed, 1 failed, 0 skipped", says: []string{"panic: boom"},
		},
		"a package without tests": {
			lines: []string{`{"Action":"skip","Package":"p"}`, `{"Action":"pass","Package":"q","Test":"TestA"}`},
			last:  "1 passed, 0 failed, 0 skipped", ok: true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := read(strings.NewReader(strings.Join(tt.lines, "\n")))
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if ok := s.print(&out); ok != tt.ok {
				t.Errorf("all is well: %v", ok)
			}
			lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			if lines[len(lines)-1] != tt.last {
				t.Errorf("the last line is %q, want %q", lines[len(lines)-1], tt.last)
			}
			for _, s := range tt.says {
				if !strings.Contains(out.String(), s) {
					t.Errorf("no %q in\n%s", s, &out)
				}
			}
		})
	}
}
