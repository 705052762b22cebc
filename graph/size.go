package graph

// sizeOf adds up what values say they hold. A value that appears in several slots counts each time.
func sizeOf(outputs [][]any) (total int64) {
	for _, items := range outputs {
		for _, item := range items {
			total += sizeOfItem(item)
		}
	}
	return total
}

func sizeOfItem(item any) int64 {
	switch item := item.(type) {
	case Sized:
		return sizeOfSized(item)
	case string:
		return int64(len(item))
	case []byte:
		return int64(len(item))
	}
	return 16 // an interface
}

// sizeOfSized asks the value. One that does not survive being asked, such as a nil pointer in it, counts as nothing.
func sizeOfSized(v Sized) (n int64) {
	defer func() {
		if recover() != nil {
			n = 0
		}
	}()
	return max(v.Bytes(), 0)
}
