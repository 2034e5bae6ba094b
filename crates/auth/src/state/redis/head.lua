return { epoch, head }
