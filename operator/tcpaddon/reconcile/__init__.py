"""The loop: a key comes out of the queue, facts are gathered, a plan is made and carried out."""
