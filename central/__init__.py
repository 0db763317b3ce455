"""The registration service: takes sealed records, receipts them, and deletes them on time. It cannot read them."""
