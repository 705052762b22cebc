package api

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// TestSlowClient: a client that does not read keeps nobody waiting, and is closed when too much waits for it; who reads misses nothing.
func TestSlowClient(t *testing.T) {
	l := startLive(t, Config{})
	slow, fast := l.listen(t, "slow", false), l.listen(t, "fast", false)
	text := []byte(`{"type": "test", "data": "` + strings.Repeat("x", 8<<10) + `"}`)
	const messages = 12_000 // 96 MB: more than sockets and the queue of a client hold
	heard := make(chan int, 1)
	go func() {
		n := 0
		for n < messages {
			_, got, err := fast.ReadMessage()
			if err != nil {
				break
			}
			if bytes.Equal(got, text) {
				n++
			}
		}
		heard <- n
	}()
	var longest time.Duration
	sent := 0
	for ; sent < messages; sent++ {
		f, err := textFrame(text)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		l.hub.broadcast(f)
		longest = max(longest, time.Since(start))
		for fastWaits(l, "fast") > 1000 { // the sender of this test is faster than any job; the reader is no slow client
			time.Sleep(time.Millisecond)
		}
	}
	if n := <-heard; n != messages {
		t.Errorf("the client that reads heard %d of %d messages", n, messages)
	}
	if longest > 5*time.Second {
		t.Errorf("a message took %v to be handed over", longest)
	}
	if l.hub.find("slow") != nil && fastWaits(l, "slow") > 0 {
		t.Error("the slow client is still kept")
	}
	slow.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		if _, _, err := slow.ReadMessage(); err != nil {
			break // its connection has ended
		}
	}
}

func fastWaits(l live, client string) int {
	k := l.hub.find(client)
	if k == nil {
		return 0
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.waiting)
}

// find is the socket of a client, nil for none.
func (h *hub) find(client string) *socket {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clients[client]
}

// TestWaitingFrames: what waits for a client is replaced where a later message says all that the earlier one did.
func TestWaitingFrames(t *testing.T) {
	k := &socket{writing: true} // nothing is written in this test
	add := func(kind frameKind, key string) { k.send(frame{kind: kind, key: key, bytes: 1}) }
	for _, step := range []struct {
		kind frameKind
		key  string
		want int
	}{
		{frameState, "", 1}, {frameState, "", 2}, {frameLatest, "status", 3}, {frameLatest, "status", 3}, {frameState, "", 4}, {frameLatest, "status", 5},
		{framePreview, "a", 6}, {frameState, "", 7}, {framePreview, "a", 7}, {framePreview, "b", 8},
	} {
		add(step.kind, step.key)
		if len(k.waiting) != step.want || k.bytes != step.want {
			t.Errorf("after kind %d, key %q: %d frames of %d bytes wait, want %d", step.kind, step.key, len(k.waiting), k.bytes, step.want)
		}
	}
}

// TestReconnect: the newest connection of a client hears, also after the older one has closed.
func TestReconnect(t *testing.T) {
	l := startLive(t, Config{})
	first, second := l.listen(t, "me", false), l.listen(t, "me", false)
	first.Close()
	for range 3 {
		l.post(t, fmt.Sprintf(`{"client_id": "me", "prompt": {"1": {"class_type": "Show", "inputs": {"text": "x%d"}}}}`, time.Now().UnixNano()))
		if got := transcript(t, second); !strings.Contains(got, "execution_success") {
			t.Errorf("the second connection hears\n%s", got)
		}
	}
}

// TestFirstMessage: only the first message that is JSON counts.
func TestFirstMessage(t *testing.T) {
	l := startLive(t, Config{})
	conn := l.listen(t, "me", false)
	for _, m := range []string{"no json", `{"type": "feature_flags", "data": {"supports_preview_metadata": true}}`, `{"type": "feature_flags", "data": {}}`} {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(m)); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, conn); !strings.HasPrefix(got, `{"type": "feature_flags"`) {
		t.Errorf("answer %s", got)
	}
	l.post(t, `{"client_id": "me", "prompt": {"1": {"class_type": "Show", "inputs": {"text": "x"}}}}`)
	if got := transcript(t, conn); strings.Contains(got, "feature_flags") || !l.hub.find("me").takesPreviews() {
		t.Errorf("a second message was answered, or changed something:\n%s", got)
	}
}
