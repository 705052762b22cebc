package api

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/gorilla/websocket"

	"github.com/oneactor/oneactor/graph/ojson"
)

func (s *Server) socketRoutes(r routes) { r.get("/ws", s.openSocket) }

// writeBuffers are shared: a socket needs one only while it writes.
var writeBuffers sync.Pool

// upgrader makes a websocket of a request. The check of origins is that of all requests.
var upgrader = websocket.Upgrader{
	ReadBufferSize: 1024, WriteBufferSize: 4096, WriteBufferPool: &writeBuffers,
	CheckOrigin: func(*http.Request) bool { return true },
}

const (
	// writeTime is how long a client may take for one message.
	writeTime = 30 * time.Second
	// maxWaiting and maxWaitingBytes are what waits for a client at most: one that is further behind is closed, and connects anew.
	maxWaiting      = 20_000
	maxWaitingBytes = 64 << 20
)

// socket is a client's connection. Messages wait in it until they are written, so that a slow client slows nobody.
type socket struct {
	id   string
	conn *websocket.Conn
	hub  *hub

	mu       sync.Mutex
	previews bool // the client takes previews with metadata
	waiting  []frame
	bytes    int
	writing  bool
	closed   bool
}

// frame is a message to be written.
type frame struct {
	message *websocket.PreparedMessage
	bytes   int
	kind    frameKind
	key     string // of frames that replace each other
}

// frameKind says what may happen to a frame that waits.
type frameKind uint8

const (
	frameState   frameKind = iota // always sent
	frameLatest                   // a later one with the key, right after it, takes its place
	framePreview                  // dropped for a later one with the key
)

func textFrame(text []byte) (frame, error) {
	m, err := websocket.NewPreparedMessage(websocket.TextMessage, text)
	return frame{message: m, bytes: len(text)}, err
}

func binaryFrame(data []byte) (frame, error) {
	m, err := websocket.NewPreparedMessage(websocket.BinaryMessage, data)
	return frame{message: m, bytes: len(data)}, err
}

// openSocket upgrades a request and hands the connection to the hub.
func (s *Server) openSocket(c *gin.Context) error {
	id := c.Query("clientId")
	if id == "" {
		id = strings.ReplaceAll(uuid.NewString(), "-", "")
	}
	conn, err := upgrader.Upgrade(c.Writer, c.Request, nil)
	if err != nil {
		return nil // Upgrade has answered
	}
	conn.SetReadLimit(s.config.MaxUploadBytes)
	k := &socket{id: id, conn: conn, hub: s.hub}
	if err := s.hub.add(k); err != nil {
		slog.Error("a websocket can't be opened", "problem", err)
		conn.Close()
		return nil
	}
	go k.read(s.flags())
	return nil
}

// flags are the features of the server that clients are told.
func (s *Server) flags() *ojson.Object {
	return ojson.NewObject("supports_preview_metadata", true, "max_upload_size", s.config.MaxUploadBytes)
}

// read reads until the client goes. Only its first message says something: which features it has.
func (k *socket) read(flags *ojson.Object) {
	defer k.hub.remove(k)
	first := true
	for {
		kind, data, err := k.conn.ReadMessage()
		if err != nil {
			return
		}
		if kind != websocket.TextMessage || !first {
			continue
		}
		message, err := ojson.ParseObject(data, ojson.Limits{MaxBytes: 1 << 20, MaxDepth: 64})
		if err != nil {
			slog.Warn("a websocket client sent what is no JSON object", "client", k.id, "problem", err)
			continue
		}
		first = false
		if message.String("type") != "feature_flags" {
			continue
		}
		takes, _ := message.Object("data").Get("supports_preview_metadata")
		k.mu.Lock()
		k.previews = truth(takes)
		k.mu.Unlock()
		k.sendJSON("feature_flags", flags)
	}
}

func (k *socket) sendJSON(kind string, data *ojson.Object) {
	f, err := messageFrame(kind, data)
	if err != nil {
		slog.Error("a websocket message can't be made", "type", kind, "problem", err)
		return
	}
	k.send(f)
}

// messageFrame is {"type", "data"}.
func messageFrame(kind string, data *ojson.Object) (frame, error) {
	text, err := ojson.Marshal(ojson.NewObject("type", kind, "data", data), ojson.Python)
	if err != nil {
		return frame{}, err
	}
	return textFrame(text)
}

func (k *socket) takesPreviews() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.previews
}

// send puts a frame behind those that wait. It never blocks.
func (k *socket) send(f frame) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || k.replace(f) {
		return
	}
	k.waiting = append(k.waiting, f)
	k.bytes += f.bytes
	if len(k.waiting) > maxWaiting || k.bytes > maxWaitingBytes {
		slog.Warn("a websocket client does not read; its connection is closed", "client", k.id, "messages", len(k.waiting), "bytes", k.bytes)
		k.closed = true
		k.waiting = nil
		go k.conn.Close() // a close message would wait for the client
		return
	}
	if !k.writing {
		k.writing = true
		go k.write()
	}
}

// replace puts a frame in the place of an older one that says less.
func (k *socket) replace(f frame) bool {
	switch f.kind {
	case frameLatest:
		if n := len(k.waiting); n > 0 && k.waiting[n-1].kind == frameLatest && k.waiting[n-1].key == f.key {
			k.bytes += f.bytes - k.waiting[n-1].bytes
			k.waiting[n-1] = f
			return true
		}
	case framePreview:
		for i := len(k.waiting) - 1; i >= 0; i-- {
			if w := &k.waiting[i]; w.kind == framePreview && w.key == f.key {
				k.bytes += f.bytes - w.bytes
				*w = f
				return true
			}
		}
	}
	return false
}

// write writes what waits, and ends when nothing does.
func (k *socket) write() {
	for {
		k.mu.Lock()
		frames := k.waiting
		k.waiting, k.bytes = nil, 0
		if len(frames) == 0 || k.closed {
			k.writing = false
			k.mu.Unlock()
			return
		}
		k.mu.Unlock()
		for i, f := range frames {
			_ = k.conn.SetWriteDeadline(time.Now().Add(writeTime))
			if err := k.conn.WritePreparedMessage(f.message); err != nil {
				k.conn.Close() // ends read, which tells the hub
				k.mu.Lock()
				k.closed, k.writing, k.waiting = true, false, nil
				k.mu.Unlock()
				return
			}
			frames[i] = frame{}
		}
	}
}

// close ends the connection, telling why.
func (k *socket) close(code int, why string) {
	k.mu.Lock()
	k.closed = true
	k.mu.Unlock()
	_ = k.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, why), time.Now().Add(time.Second))
	k.conn.Close()
}
