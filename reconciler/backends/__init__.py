"""THE DISKS. Bytes and a lock; what the bytes mean is the model's business."""
