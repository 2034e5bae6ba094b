-- Gives epoch, offset.
return { epoch, whole(offset) }
