package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/frontend/work"
	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/queue"
)

// The nodes of the transcripts.

// Steps reports two steps with a picture each, and a text.
type Steps struct {
	_ graph.Meta `category:"test" class:"Steps"`

	Seed int
}

func (n Steps) Run(ctx context.Context) (string, error) {
	graph.Progress(ctx, 1, 2, picture("one"))
	graph.SendText(ctx, "half")
	graph.Progress(ctx, 2, 2, picture("two"))
	return "done", nil
}

type picture string

// Show gives a text to the client.
type Show struct {
	_ graph.Meta `category:"test" class:"Show" output:"true"`

	Text string
}

func (n Show) Run(context.Context) (graph.UI, error) { return graph.UI{"text": {n.Text}}, nil }

// Break fails.
type Break struct {
	_ graph.Meta `category:"test" class:"Break" output:"true"`

	Seed int
}

func (n Break) Run(context.Context) (graph.UI, error) { return nil, errors.New("it broke") }

// Wait runs until it is interrupted.
type Wait struct {
	_ graph.Meta `category:"test" class:"Wait" output:"true"`

	Seed int
}

func (n Wait) Run(ctx context.Context) (graph.UI, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (h *fakeHost) EncodePreview(p any, _ int) (string, []byte, error) {
	return "image/jpeg", []byte(p.(picture)), nil
}
func (h *fakeHost) WithNames(ctx context.Context, _ frontend.FileNames) context.Context { return ctx }
func (h *fakeHost) FreeModels()                                                         {}

// live is a server with a worker, on the network.
type live struct {
	*Server
	url string
}

func startLive(t *testing.T, c Config) live {
	t.Helper()
	host := &fakeHost{user: t.TempDir()}
	s := newServer(t, setup{config: c, host: host, classes: []graph.Declaration{graph.Declare[Steps](), graph.Declare[Show](), graph.Declare[Break](), graph.Declare[Wait]()}})
	runner := &work.Runner{Engine: s.engine, Host: host, Bus: s.bus}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- s.queue.Work(ctx, queue.WorkerConfig{Local: true, Run: runner.Run, Info: func() (string, []string) { return "cpu", nil }})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	return live{s, web.URL}
}

// listen opens a websocket and reads the greeting.
func (l live) listen(t *testing.T, client string, previews bool) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(l.url, "http")+"/ws?clientId="+client, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if got, want := read(t, conn), fmt.Sprintf(`{"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 0}}, "sid": %q}}`, client); got != want {
		t.Errorf("greeting %s, want %s", got, want)
	}
	if previews {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"type": "feature_flags", "data": {"supports_preview_metadata": true}}`)); err != nil {
			t.Fatal(err)
		}
		if got, want := read(t, conn), `{"type": "feature_flags", "data": {"supports_preview_metadata": true, "max_upload_size": 104857600}}`; got != want {
			t.Errorf("flags %s, want %s", got, want)
		}
	}
	return conn
}

var times = regexp.MustCompile(`"timestamp": \d+`)

// read reads one message; binary ones are written with their numbers in front.
func read(t *testing.T, conn *websocket.Conn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	kind, data, err := conn.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	if kind == websocket.BinaryMessage {
		return fmt.Sprintf("% x|%s", data[:8], data[8:])
	}
	checkMessage(t, string(data))
	return times.ReplaceAllString(string(data), `"timestamp": 0`)
}

// post queues a prompt and returns what it is answered.
func (l live) post(t *testing.T, body string) string {
	t.Helper()
	answer, err := http.Post(l.url+"/prompt", "", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(answer.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// transcript reads messages until no node of the prompt runs. A status that says what the one before said is left out: it comes when the worker's claim
// is on disk, and the worker does not wait for that.
func transcript(t *testing.T, conn *websocket.Conn) string {
	t.Helper()
	var lines []string
	status := ""
	for {
		m := read(t, conn)
		if strings.HasPrefix(m, `{"type": "status"`) {
			if m == status {
				continue
			}
			status = m
		}
		lines = append(lines, m)
		if strings.HasPrefix(m, `{"type": "executing", "data": {"node": null`) {
			break
		}
	}
	return strings.Join(lines, "\n")
}

// withoutPreviews takes the previews out of a transcript and returns the last one.
func withoutPreviews(all string) (rest, last string) {
	var lines []string
	for line := range strings.SplitSeq(all, "\n") {
		if strings.HasPrefix(line, "00 00 00 04") {
			last = line
		} else {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n"), last
}

func compare(t *testing.T, what, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(strings.TrimSpace(want), "\n")
	for i := range max(len(g), len(w)) {
		a, b := "nothing", "nothing"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			t.Errorf("%s: message %d is\n%s\nwant\n%s", what, i, a, b)
		}
	}
}

const twoNodes = `{"1": {"class_type": "Steps", "inputs": {"seed": 1}}, "2": {"class_type": "Show", "inputs": {"text": ["1", 0]}}}`

// TestTranscriptFlagged is a whole run as a client with previews hears it. Source: contract 2.2 "typical sequence" and 2.4, recorded from ComfyUI 0.3.64's order.
func TestTranscriptFlagged(t *testing.T) {
	l := startLive(t, Config{})
	conn := l.listen(t, "me", true)
	l.post(t, `{"client_id": "me", "prompt_id": "p", "prompt": `+twoNodes+`}`)
	const state1 = `"1": {"value": %s, "max": %s, "state": "%s", "node_id": "1", "prompt_id": "p", "display_node_id": "1", "parent_node_id": null, "real_node_id": "1"}`
	const state2 = `"2": {"value": %s, "max": %s, "state": "%s", "node_id": "2", "prompt_id": "p", "display_node_id": "2", "parent_node_id": null, "real_node_id": "2"}`
	states := func(parts ...string) string {
		return `{"type": "progress_state", "data": {"prompt_id": "p", "nodes": {` + strings.Join(parts, ", ") + `}}}`
	}
	one := func(value, max, state string) string { return fmt.Sprintf(state1, value, max, state) }
	two := func(value, max, state string) string { return fmt.Sprintf(state2, value, max, state) }
	const metadata = `{"node_id": "1", "prompt_id": "p", "display_node_id": "1", "parent_node_id": null, "real_node_id": "1", "image_type": "image/jpeg"}`
	preview := func(p string) string {
		return fmt.Sprintf("00 00 00 04 00 00 00 %02x|%s%s", len(metadata), metadata, p)
	}
	// A preview that still waits for the client is replaced by the next one, so only the last is sure to come.
	run, last := withoutPreviews(transcript(t, conn))
	if want := preview("two"); last != want {
		t.Errorf("the last preview is %s, want %s", last, want)
	}
	compare(t, "run", run, strings.Join([]string{
		`{"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 1}}}}`,
		`{"type": "execution_start", "data": {"prompt_id": "p", "timestamp": 0}}`,
		`{"type": "execution_cached", "data": {"nodes": [], "prompt_id": "p", "timestamp": 0}}`,
		states(one("0.0", "1.0", "running")),
		`{"type": "executing", "data": {"node": "1", "display_node": "1", "prompt_id": "p"}}`,
		states(one("1.0", "2.0", "running")),
		`{"type": "progress", "data": {"value": 1, "max": 2, "prompt_id": "p", "node": "1"}}`,
		"00 00 00 03 00 00 00 01|1half",
		states(one("2.0", "2.0", "running")),
		`{"type": "progress", "data": {"value": 2, "max": 2, "prompt_id": "p", "node": "1"}}`,
		states(one("2.0", "2.0", "finished")),
		states(one("2.0", "2.0", "finished"), two("0.0", "1.0", "running")),
		`{"type": "executing", "data": {"node": "2", "display_node": "2", "prompt_id": "p"}}`,
		`{"type": "executed", "data": {"node": "2", "display_node": "2", "output": {"text": ["done"]}, "prompt_id": "p"}}`,
		states(one("2.0", "2.0", "finished"), two("1.0", "1.0", "finished")),
		`{"type": "execution_success", "data": {"prompt_id": "p", "timestamp": 0}}`,
		`{"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 0}}}}`,
		`{"type": "executing", "data": {"node": null, "prompt_id": "p"}}`,
	}, "\n"))

	// The same once more comes from the cache: outputs are told again, nothing is executed.
	l.post(t, `{"client_id": "me", "prompt_id": "q", "prompt": `+twoNodes+`}`)
	got := transcript(t, conn)
	for _, part := range []string{`{"type": "execution_cached", "data": {"nodes": ["1", "2"], "prompt_id": "q"`, `{"type": "executed", "data": {"node": "2", "display_node": "2", "output": {"text": ["done"]}`} {
		if !strings.Contains(got, part) {
			t.Errorf("a cached run lacks %s:\n%s", part, got)
		}
	}
	if strings.Contains(got, `"type": "executing", "data": {"node": "`) {
		t.Errorf("a cached run executes:\n%s", got)
	}
}

// TestTranscriptOthers: who hears what of a run. Source: contract 2.2.
func TestTranscriptOthers(t *testing.T) {
	tests := map[string]struct {
		config Config
		client string // of the prompt
		want   []string
		not    []string
	}{
		"a client without flags":         {Config{}, `"client_id": "me", `, []string{`"type": "executing", "data": {"node": "1"`, `"type": "progress"`}, []string{"|one", "image_type"}},
		"… that gets previews on demand": {Config{PlainPreviews: true}, `"client_id": "me", `, []string{"00 00 00 01 00 00 00 01|two"}, []string{"image_type"}},
		"another client": {Config{PlainPreviews: true}, `"client_id": "other", `, []string{`"queue_remaining": 1`},
			[]string{"execution_start", "executing", "executed", `"progress"`, "|one"}},
		"everyone, of a prompt without client": {Config{PlainPreviews: true}, ``, []string{`"type": "progress"`, `"type": "progress_state"`, "00 00 00 01 00 00 00 01|two"},
			[]string{"execution_start", "executed", `"executing"`, "execution_success"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := startLive(t, tt.config)
			conn := l.listen(t, "me", false)
			l.post(t, `{`+tt.client+`"prompt_id": "p", "prompt": `+twoNodes+`}`)
			// The last status is the end for all of them.
			var lines []string
			for {
				m := read(t, conn)
				lines = append(lines, m)
				if strings.Contains(m, `"queue_remaining": 0`) {
					break
				}
			}
			got := strings.Join(lines, "\n")
			for _, part := range tt.want {
				if !strings.Contains(got, part) {
					t.Errorf("the client misses %s:\n%s", part, got)
				}
			}
			for _, part := range tt.not {
				if strings.Contains(got, part) {
					t.Errorf("the client hears %s:\n%s", part, got)
				}
			}
		})
	}
}

func TestTranscriptFailures(t *testing.T) {
	l := startLive(t, Config{})
	conn := l.listen(t, "me", false)
	l.post(t, `{"client_id": "me", "prompt_id": "p", "prompt": {"7": {"class_type": "Break", "inputs": {"seed": 1}}}}`)
	got := transcript(t, conn)
	want := `{"type": "execution_error", "data": {"prompt_id": "p", "node_id": "7", "node_type": "Break", "executed": [], "exception_message": "it broke\n", "exception_type": "RuntimeError", ` +
		`"traceback": ["  node 7, in Break\n"], "current_inputs": {"seed": [1]}, "current_outputs": ["7"], "timestamp": 0}}`
	if !strings.Contains(got, want) || strings.Contains(got, "execution_success") {
		t.Errorf("a failure:\n%s\nwant in it\n%s", got, want)
	}
	l.post(t, `{"client_id": "me", "prompt_id": "q", "prompt": {"8": {"class_type": "Wait", "inputs": {"seed": 1}}}}`)
	for !strings.Contains(read(t, conn), `{"type": "executing", "data": {"node": "8"`) {
	}
	// A client that connects while its prompt runs is told which node does.
	again, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(l.url, "http")+"/api/ws?clientId=me", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	compare(t, "a second connection", read(t, again)+"\n"+read(t, again),
		`{"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 1}}, "sid": "me"}}`+"\n"+`{"type": "executing", "data": {"node": "8"}}`)
	answer, err := http.Post(l.url+"/interrupt", "", strings.NewReader(`{"prompt_id": "q"}`))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	got = transcript(t, again)
	want = `{"type": "execution_interrupted", "data": {"prompt_id": "q", "node_id": "8", "node_type": "Wait", "executed": [], "timestamp": 0}}`
	if !strings.Contains(got, want) {
		t.Errorf("an interrupt:\n%s\nwant in it\n%s", got, want)
	}
	// The history is there before the last message.
	scenario{path: "/history/q", want: []string{`"status_str": "error", "completed": false, "messages": [["execution_start"`, `["execution_interrupted", {"prompt_id": "q"`}}.run(t, l.Handler())
	scenario{path: "/history/p", want: []string{`["execution_error", {"prompt_id": "p", "node_id": "7"`}}.run(t, l.Handler())
}

func TestTranscriptLogs(t *testing.T) {
	var out bytes.Buffer
	log := NewLog(&out)
	l := startLive(t, Config{Log: log})
	conn := l.listen(t, "me", false)
	scenario{method: http.MethodPatch, path: "/internal/logs/subscribe", body: `{"clientId": "me", "enabled": true}`, empty: true}.run(t, l.Handler())
	fmt.Fprintln(log, "something happened")
	var m struct {
		Type string
		Data struct {
			Entries []struct{ T, M string }
			Size    map[string]int
		}
	}
	if err := json.Unmarshal([]byte(read(t, conn)), &m); err != nil || m.Type != "logs" || len(m.Data.Entries) != 1 || m.Data.Entries[0].M != "something happened\n" {
		t.Errorf("%+v (%v)", m, err)
	}
}
