package api

import (
	"encoding/binary"
	"log/slog"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/oneactor/oneactor/frontend/work"
	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/graph/queue"
)

// hub gives the messages of jobs and of the queue to the clients they are for.
type hub struct {
	queue         *queue.Queue
	plainPreviews bool
	stops         []func()

	mu      sync.Mutex
	heard   sync.Cond // a message of a job came
	sockets map[*socket]struct{}
	clients map[string]*socket // the newest of each client id
	jobs    map[string]*jobMessages
	logs    map[string]bool // clients that hear the log
}

// jobMessages is what the hub knows of a running prompt.
type jobMessages struct {
	client string
	node   string // that runs, as it is shown; "" for none
	number int    // of the last message
}

func newHub(q *queue.Queue, bus queue.Bus, plainPreviews bool) (*hub, error) {
	h := &hub{queue: q, plainPreviews: plainPreviews, sockets: map[*socket]struct{}{}, clients: map[string]*socket{}, jobs: map[string]*jobMessages{}, logs: map[string]bool{}}
	h.heard.L = &h.mu
	stop, err := bus.Subscribe(work.Subject, h.message)
	if err != nil {
		return nil, err
	}
	h.stops = append(h.stops, stop, q.Watch(h.changed))
	return h, nil
}

// close ends all connections.
func (h *hub) close() {
	for _, stop := range h.stops {
		stop()
	}
	for _, k := range h.all() {
		k.close(websocket.CloseGoingAway, "the server is stopping")
	}
}

func (h *hub) all() []*socket {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]*socket, 0, len(h.sockets))
	for k := range h.sockets {
		list = append(list, k)
	}
	return list
}

// add greets a client and lets it hear. A later connection of the same client takes its messages over.
func (h *hub) add(k *socket) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	status := execStatus(h.queue.Counts().Remaining()) // inside the lock: the next change is told to everyone, this client included
	status.Set("sid", k.id)
	greeting, err := messageFrame("status", status)
	if err != nil {
		return err
	}
	k.send(greeting)
	for _, j := range h.jobs {
		if j.client == k.id && j.node != "" {
			k.sendJSON(graph.EventExecuting, ojson.NewObject("node", j.node))
		}
	}
	h.sockets[k] = struct{}{}
	h.clients[k.id] = k
	return nil
}

func (h *hub) remove(k *socket) {
	k.mu.Lock()
	k.closed, k.waiting = true, nil
	k.mu.Unlock()
	k.conn.Close()
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sockets, k)
	if h.clients[k.id] == k {
		delete(h.clients, k.id)
	}
}

func execStatus(remaining int) *ojson.Object { return ojson.NewObject("status", execInfo(remaining)) }

// changed tells clients what happens to the queue. A prompt has ended for them when its entry is in the history and all of its messages
// have come: then the last word is that no node of it runs.
func (h *hub) changed(c queue.Change) {
	switch c.Kind {
	case queue.ChangeAdded, queue.ChangeStarted, queue.ChangeReturned, queue.ChangeDeleted:
		h.sendStatus(c.Remaining)
	case queue.ChangeFinished:
		h.await(c.Job.ID, c.Events)
		h.sendStatus(c.Remaining)
		if c.Job.Client != "" {
			h.to(c.Job.Client, graph.EventExecuting, ojson.NewObject("node", nil, "prompt_id", c.Job.ID))
		}
		h.mu.Lock()
		delete(h.jobs, c.Job.ID)
		h.mu.Unlock()
	}
}

// messagesWait is how long the end of a prompt waits for messages that went another way; they may be lost with their server.
const messagesWait = time.Second

func (h *hub) await(prompt string, number int) {
	if number == 0 {
		return
	}
	late := false
	timer := time.AfterFunc(messagesWait, func() {
		h.mu.Lock()
		late = true
		h.mu.Unlock()
		h.heard.Broadcast()
	})
	defer timer.Stop()
	h.mu.Lock()
	defer h.mu.Unlock()
	for !late && (h.jobs[prompt] == nil || h.jobs[prompt].number < number) {
		h.heard.Wait()
	}
}

func (h *hub) sendStatus(remaining int) {
	f, err := messageFrame("status", execStatus(remaining))
	if err != nil {
		slog.Error("a websocket message can't be made", "problem", err)
		return
	}
	f.kind, f.key = frameLatest, "status"
	h.broadcast(f)
}

func (h *hub) broadcast(f frame) {
	for _, k := range h.all() {
		k.send(f)
	}
}

// to sends to one client, if it is connected here.
func (h *hub) to(client, kind string, data *ojson.Object) {
	h.mu.Lock()
	k := h.clients[client]
	h.mu.Unlock()
	if k != nil {
		k.sendJSON(kind, data)
	}
}

// message passes on what a worker sends.
func (h *hub) message(data []byte) {
	m, err := work.Decode(data)
	if err != nil {
		slog.Warn("a message of a worker is lost", "problem", err)
		return
	}
	h.mu.Lock()
	j := h.jobs[m.Prompt]
	if j == nil {
		j = &jobMessages{client: m.Client}
		h.jobs[m.Prompt] = j
	}
	switch m.Type { // before anyone hears it: who connects then is told
	case graph.EventExecuting:
		j.node = m.Node
	case graph.EventExecutionStart:
		j.node = ""
	}
	h.mu.Unlock()
	h.deliver(m)
	h.mu.Lock()
	defer h.mu.Unlock()
	j.number = m.Number
	h.heard.Broadcast()
}

func (h *hub) deliver(m work.Message) {
	var receivers []*socket
	if m.Client == "" {
		receivers = h.all()
	} else {
		h.mu.Lock()
		if k := h.clients[m.Client]; k != nil {
			receivers = append(receivers, k)
		}
		h.mu.Unlock()
	}
	metadata := m.Client != "" && len(receivers) > 0 && receivers[0].takesPreviews()
	preview := m.Type == graph.EventPreview && !m.PNG // a PNG is a result of SaveImageWebsocket
	if len(receivers) == 0 || preview && !metadata && !h.plainPreviews {
		return
	}
	f, err := h.frame(m, metadata)
	if err != nil {
		slog.Error("a websocket message can't be made", "type", m.Type, "problem", err)
		return
	}
	for _, k := range receivers {
		k.send(f)
	}
}

// Codes in front of binary messages.
const (
	codePreview             = 1
	codeText                = 3
	codePreviewWithMetadata = 4

	pictureJPEG = 1
	picturePNG  = 2
)

// frame makes the websocket message of a worker's.
func (h *hub) frame(m work.Message, metadata bool) (frame, error) {
	switch {
	case m.Type == graph.EventText:
		data := binary.BigEndian.AppendUint32(nil, codeText)
		data = binary.BigEndian.AppendUint32(data, uint32(len(m.Node)))
		data = append(data, m.Node...)
		return binaryFrame(append(data, m.Text...))
	case m.Type != graph.EventPreview:
		return textFrame(m.Text)
	}
	var data []byte
	if metadata {
		data = binary.BigEndian.AppendUint32(data, codePreviewWithMetadata)
		data = binary.BigEndian.AppendUint32(data, uint32(len(m.Metadata)))
		data = append(data, m.Metadata...)
	} else {
		data = binary.BigEndian.AppendUint32(data, codePreview)
		kind := uint32(pictureJPEG)
		if m.PNG {
			kind = picturePNG
		}
		data = binary.BigEndian.AppendUint32(data, kind)
	}
	f, err := binaryFrame(append(data, m.Picture...))
	if !m.PNG {
		f.kind, f.key = framePreview, m.Prompt
	}
	return f, err
}
