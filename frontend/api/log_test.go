package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

func TestLog(t *testing.T) {
	tests := map[string]struct {
		writes []string
		want   []string
	}{
		"nothing":             {nil, nil},
		"nothing written":     {[]string{""}, nil},
		"a line":              {[]string{"one\n"}, []string{"one\n"}},
		"an empty line":       {[]string{"\n"}, []string{"\n"}},
		"two in one write":    {[]string{"one\ntwo\n"}, []string{"one\n", "two\n"}},
		"one in two writes":   {[]string{"o", "ne\n"}, []string{"one\n"}},
		"no end yet":          {[]string{"one\ntw"}, []string{"one\n"}},
		"a line without end":  {[]string{strings.Repeat("x", maxLine+1)}, []string{strings.Repeat("x", maxLine+1) + "\n"}},
		"not UTF-8":           {[]string{"\xff\n"}, []string{"\xff\n"}},
		"more than it keeps":  {[]string{strings.Repeat("a\n", maxLines), "b\n"}, append(repeated("a\n", maxLines-1), "b\n")},
		"very many at a time": {[]string{strings.Repeat("a\n", 3*maxLines)}, repeated("a\n", maxLines)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var next bytes.Buffer
			l := NewLog(&next)
			for _, w := range tt.writes {
				if n, err := l.Write([]byte(w)); n != len(w) || err != nil {
					t.Errorf("wrote %d of %d, %v", n, len(w), err)
				}
			}
			var got []string
			for _, line := range l.all() {
				got = append(got, line.text)
				if _, err := time.Parse("2006-01-02T15:04:05.000000", line.time); err != nil {
					t.Error(err)
				}
			}
			if strings.Join(got, "|") != strings.Join(tt.want, "|") {
				t.Errorf("got %d lines %.200q, want %d %.200q", len(got), got, len(tt.want), tt.want)
			}
			if next.String() != strings.Join(tt.writes, "") {
				t.Error("what is passed on differs")
			}
		})
	}
}

func repeated(s string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = s
	}
	return list
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestLogOfFullDisk(t *testing.T) {
	l := NewLog(failingWriter{})
	if _, err := l.Write([]byte("a\n")); err == nil {
		t.Error("the error is lost")
	}
	if len(l.all()) != 1 {
		t.Error("the line is lost for clients")
	}
}

// TestLogListener writes from many sides; the listener, which logs itself, hears every line once and in order.
func TestLogListener(t *testing.T) {
	l := NewLog(&bytes.Buffer{})
	var mu sync.Mutex
	l.next = lockedWriter{&mu}
	done := make(chan struct{})
	var heard []string
	l.setListener(func(lines []logLine) {
		for _, line := range lines {
			if strings.HasPrefix(line.text, "heard") {
				continue
			}
			heard = append(heard, line.text)
			fmt.Fprintln(l, "heard", line.text[:1])
			if line.text == "end\n" {
				close(done)
			}
		}
	})
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			for n := range 10 {
				fmt.Fprintf(l, "%d %d\n", i, n)
			}
		})
	}
	writers.Wait()
	fmt.Fprintln(l, "end")
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the last line was not heard")
	}
	if len(heard) != 41 {
		t.Errorf("%d lines were heard", len(heard))
	}
	next := map[byte]byte{}
	for _, line := range heard[:min(40, len(heard))] {
		if line[2] != '0'+next[line[0]] {
			t.Errorf("line %q out of order", line)
		}
		next[line[0]]++
	}
	l.setListener(nil)
	fmt.Fprintln(l, "nobody listens")
}

type lockedWriter struct{ mu *sync.Mutex }

func (w lockedWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(b), nil
}

func TestLogRoutes(t *testing.T) {
	l := NewLog(&bytes.Buffer{})
	s := newServer(t, setup{config: Config{Log: l}})
	scenario{path: "/internal/logs", is: `""`}.run(t, s.Handler())
	scenario{path: "/internal/logs/raw", want: []string{`{"entries": [], "size": {"cols": `}}.run(t, s.Handler())
	slog.New(slog.NewTextHandler(l, nil)).Warn("ünusual", "a", 1)
	patch := func(body string, status int) scenario {
		return scenario{method: "PATCH", path: "/internal/logs/subscribe", body: body, status: status}
	}
	runAll(t, s, map[string]scenario{
		"text":                {path: "/internal/logs", want: []string{` - time=`, `level=WARN msg=\u00fcnusual a=1\n"`}},
		"lines":               {path: "/internal/logs/raw", want: []string{`{"entries": [{"t": "20`, `"m": "time=`, `"size": {"cols": 80, "rows": 24}}`}},
		"subscribe":           patch(`{"clientId": "x", "enabled": true}`, 200),
		"unsubscribe":         patch(`{"clientId": "x", "enabled": false}`, 200),
		"no JSON":             patch(`{`, 500),
		"no client":           patch(`{"enabled": true}`, 500),
		"nothing enabled":     patch(`{"clientId": "x"}`, 500),
		"GET of subscribe":    {path: "/internal/logs/subscribe", status: 405, headers: map[string]string{"Allow": "PATCH"}},
		"no twin under /api/": {path: "/api/internal/logs/raw", status: 404},
	})
	none := newServer(t, setup{})
	scenario{path: "/internal/logs", is: `""`}.run(t, none.Handler())
}

// TestLogSubscription follows the log on a websocket.
func TestLogSubscription(t *testing.T) {
	l := NewLog(&bytes.Buffer{})
	s := newServer(t, setup{config: Config{Log: l}})
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(web.URL, "http")+"/ws?clientId=me", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, greeting, err := conn.ReadMessage(); err != nil || !strings.Contains(string(greeting), `"sid": "me"`) {
		t.Fatalf("greeting %s, %v", greeting, err)
	}
	subscribe := func(client string, on bool) {
		scenario{method: "PATCH", path: "/internal/logs/subscribe", body: fmt.Sprintf(`{"clientId": %q, "enabled": %v}`, client, on), empty: true}.run(t, s.Handler())
	}
	subscribe("gone", true)
	subscribe("me", true)
	fmt.Fprintln(l, "heard")
	var message struct {
		Type string
		Data struct{ Entries []struct{ T, M string } }
	}
	_, text, err := conn.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &message); err != nil {
		t.Fatal(err)
	}
	if e := message.Data.Entries; message.Type != "logs" || len(e) != 1 || e[0].M != "heard\n" || e[0].T == "" {
		t.Errorf("got %s", text)
	}
	s.hub.mu.Lock()
	if s.hub.logs["gone"] || !s.hub.logs["me"] {
		t.Errorf("subscriptions %v", s.hub.logs)
	}
	s.hub.mu.Unlock()
	subscribe("me", false)
	fmt.Fprintln(l, "not heard")
	s.hub.sendStatus(1) // comes after what would have been heard, or right before it
	if _, text, err = conn.ReadMessage(); err != nil || strings.Contains(string(text), "not heard") {
		t.Errorf("got %s, %v", text, err)
	}
}

func FuzzLog(f *testing.F) {
	f.Add([]byte("one\ntwo"), []byte("\n\n"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var next bytes.Buffer
		l := NewLog(&next)
		for _, part := range [][]byte{a, b} {
			if _, err := l.Write(part); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(next.Bytes(), append(bytes.Clone(a), b...)) {
			t.Error("what is passed on differs")
		}
		for _, line := range l.all() {
			if strings.Count(line.text, "\n") != 1 || !strings.HasSuffix(line.text, "\n") {
				t.Errorf("%q is no line", line.text)
			}
		}
	})
}
