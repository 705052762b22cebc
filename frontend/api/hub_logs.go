package api

import "log/slog"

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

// sendLogs gives new lines to those who want them. Who has gone wants none any more.
func (h *hub) sendLogs(lines []logLine) {
	h.mu.Lock()
	var to []*socket
	for client := range h.logs {
		if k := h.clients[client]; k != nil {
			to = append(to, k)
		} else {
			delete(h.logs, client)
		}
	}
	h.mu.Unlock()
	if len(to) == 0 {
		return
	}
	f, err := messageFrame("logs", logMessage(lines))
	if err != nil {
		slog.Debug("log lines can't be sent", "problem", err) // no louder: it would come back here
		return
	}
	for _, k := range to {
		k.send(f)
	}
}
