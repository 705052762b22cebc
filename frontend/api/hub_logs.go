package api

import "os"

// setLogs says whether a client hears the log.
func (h *hub) setLogs(client string, on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if on {
		h.logs[client] = true
	} else {
		delete(h.logs, client)
	}
}

// sendLogs gives new lines to those who want them. It must not log: it is called by the log.
func (h *hub) sendLogs(lines []logLine) {
	h.mu.Lock()
	var to []*socket
	for client := range h.logs {
		if k := h.clients[client]; k != nil {
			to = append(to, k)
		}
	}
	h.mu.Unlock()
	if len(to) == 0 {
		return
	}
	f, err := messageFrame("logs", logMessage(lines))
	if err != nil {
		os.Stderr.WriteString("a websocket message can't be made: " + err.Error() + "\n")
		return
	}
	for _, k := range to {
		k.send(f)
	}
}
